/**
 * The conversation of a preview: what was said, and behind every answer why it was said.
 */
import { Button, Textarea } from "@mantine/core";
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { Me, OfferedTime, Pressed, Preview } from "../../../sdk/wire";
import { Icon } from "../icons";
import { fill, formatNumber, formatTime, useLocale } from "../i18n";
import { clock, type Line, linesOf } from "./lines";
import { TEXTS } from "./texts";
import { Reasons } from "./Why";
import type { Draft } from "./usePreview";

interface Props {
  me: Me;
  preview: Preview;
  draft: Draft | null;
  busy: boolean;
  /** Whether it still runs. */
  live: boolean;
  /** The customer's zone. */
  zone: string;
  onWrite(text: string, pressed?: Pressed): Promise<boolean>;
}

export function Talk(props: Props) {
  const { preview, draft, live } = props;
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const end = useRef<HTMLDivElement>(null);
  const lines = linesOf(preview);
  const length = lines.length + (draft ? 1 : 0);
  useEffect(() => {
    const node = end.current;
    node?.scrollTo({ top: node.scrollHeight });
  }, [length, draft?.text, preview.offers.length]);
  return (
    <section className="sheet preview-talk" aria-label={t.conversation}>
      <div className="preview-log" role="log" tabIndex={0} aria-label={t.conversation} ref={end}>
        <Bubble who="assistant" name={t.assistant} text={preview.greeting} textLang={preview.lang} />
        {lines.map((line) => (
          <Row key={line.key} line={line} preview={preview} zone={props.me.tenant.zone} />
        ))}
        {draft && <Bubble who="assistant" name={t.assistant} text={draft.text || (draft.step ? t.steps[draft.step] : t.writing)} draft />}
        {live && <Choices {...props} />}
      </div>
      {live && <Composer {...props} />}
    </section>
  );
}

function Row({ line, preview, zone }: { line: Line; preview: Preview; zone: string }) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const { message, turn } = line;
  return (
    <>
      {message && (
        <Bubble
          who={message.author}
          name={message.author === "customer" ? t.you : message.author === "member" ? (message.member_name ?? t.member) : t.assistant}
          time={formatTime(message.at, lang, zone, Date.now())}
          text={message.text}
          textLang={preview.lang}
        />
      )}
      {turn && <Reasons turn={turn} />}
    </>
  );
}

function Bubble(props: { who: string; name: string; text: string; time?: string; textLang?: string; draft?: boolean }) {
  return (
    <article className="preview-bubble" data-who={props.who} data-draft={props.draft || undefined}>
      <p className="muted small">
        {props.name}
        {props.time && ` · ${props.time}`}
      </p>
      <p dir="auto" lang={props.textLang}>
        {props.text}
      </p>
    </article>
  );
}

/** The buttons that a customer would have: offered times, and yes or no to what is held. */
function Choices({ me, preview, busy, zone, onWrite }: Props) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const own = me.tenant.zone;
  const say = (at: string) => clock(at, preview.lang, own);
  const there = (at: string) => (zone === own ? "" : ` · ${fill(t.there, { time: clock(at, lang, zone) })}`);
  const held = preview.bookings.filter((one) => one.status === "held");
  const pick = (offer: OfferedTime) => {
    const { service_id, starts_at, resource_id } = offer;
    void onWrite(say(starts_at), { action: "pick", service_id, starts_at, ...(resource_id && { resource_id }) });
  };
  return (
    <>
      {held.map((one) => (
        <div key={one.offer_id} className="preview-choices" role="group" aria-label={say(one.starts_at)}>
          <Button size="compact-md" disabled={busy} onClick={() => void onWrite(t.yes, { action: "accept", offer_id: one.offer_id })}>
            {t.yes}
          </Button>
          <Button
            size="compact-md"
            variant="light"
            disabled={busy}
            onClick={() => void onWrite(t.no, { action: "decline", offer_id: one.offer_id })}
          >
            {t.no}
          </Button>
        </div>
      ))}
      {held.length === 0 && preview.offers.length > 0 && (
        <div className="preview-choices" role="group" aria-label={t.offers}>
          {preview.offers.map((offer) => (
            <Button
              key={`${offer.service_id} ${offer.starts_at}`}
              size="compact-md"
              variant="default"
              disabled={busy}
              onClick={() => pick(offer)}
            >
              {clock(offer.starts_at, lang, own)}
              {there(offer.starts_at)}
            </Button>
          ))}
        </div>
      )}
    </>
  );
}

function Composer({ preview, busy, onWrite }: Props) {
  const { lang } = useLocale();
  const t = TEXTS[lang];
  const [text, setText] = useState("");
  const over = preview.messages_left === 0;
  const send = async (event?: FormEvent) => {
    event?.preventDefault();
    const said = text.trim();
    if (!said || busy || over) return;
    if (await onWrite(said)) setText("");
  };
  const onKey = (event: KeyboardEvent) => {
    // An input method's Enter chooses a word.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void send();
  };
  return (
    <form className="preview-write" onSubmit={(event) => void send(event)}>
      <Textarea
        aria-label={t.write}
        placeholder={t.write}
        autosize
        minRows={1}
        maxRows={5}
        maxLength={5_000}
        dir="auto"
        disabled={over}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKey}
      />
      <Button type="submit" loading={busy} disabled={!text.trim() || over} aria-label={t.send}>
        <Icon name="send" />
      </Button>
      <p className="muted small">{fill(t.left, { n: formatNumber(preview.messages_left, lang) })}</p>
    </form>
  );
}
