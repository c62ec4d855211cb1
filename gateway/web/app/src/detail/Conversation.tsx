/**
 * The conversation in the drawer: who said what, who answers now, and the field to answer oneself.
 */
import { ActionIcon, Alert, Button, Loader, Textarea } from "@mantine/core";
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { Message } from "../../../sdk/wire";
import { Icon } from "../icons";
import { formatExact, formatTime, useLocale } from "../i18n";
import type { Detail, Pending } from "./useDetail";

const MAX_TEXT = 4000;

export function Conversation({ detail, zone, now }: { detail: Detail; zone: string; now: number }) {
  const { t } = useLocale();
  const scroll = useRef<HTMLDivElement>(null);
  const messages = detail.data?.messages ?? [];
  const count = messages.length + detail.pending.length;
  useEffect(() => {
    scroll.current?.scrollTo({ top: scroll.current.scrollHeight });
  }, [count]);
  return (
    <div className="conversation">
      <div className="transcript" data-transcript ref={scroll} role="log" tabIndex={0} aria-label={t.detail.conversation}>
        {count === 0 && <p className="muted">{t.detail.noMessages}</p>}
        {messages.map((message, i) => (
          <Bubble key={message.message_id} message={message} before={messages[i - 1]} zone={zone} now={now} />
        ))}
        {detail.pending.map((one) => (
          <PendingBubble key={one.clientId} pending={one} onRetry={() => detail.retry(one.clientId)} />
        ))}
      </div>
      <Composer detail={detail} />
    </div>
  );
}

function Bubble({ message, before, zone, now }: { message: Message; before: Message | undefined; zone: string; now: number }) {
  const { lang, t } = useLocale();
  const { author } = message;
  const name = author === "member" ? message.member_name || t.detail.member : t.detail[author];
  const follows = before?.author === author && before.member_name === message.member_name;
  return (
    <div className="said" data-author={author} data-follows={follows || undefined}>
      <p className={follows ? "sr" : "by"}>
        {author !== "customer" && <Icon name={author === "assistant" ? "spark" : "person"} size={15} />}
        <bdi>{name}</bdi>
        <time dateTime={message.at} title={formatExact(message.at, lang, zone)}>
          {formatTime(message.at, lang, zone, now)}
        </time>
      </p>
      <p className="bubble" dir="auto">
        {message.text}
      </p>
    </div>
  );
}

function PendingBubble({ pending, onRetry }: { pending: Pending; onRetry(): void }) {
  const { t } = useLocale();
  return (
    <div className="said" data-author="member" data-pending>
      <p className="bubble" dir="auto">
        {pending.text}
      </p>
      {pending.failed ? (
        <p className="by bad">
          {t.detail.failed}
          <button type="button" className="link" onClick={onRetry}>
            {t.detail.retry}
          </button>
        </p>
      ) : (
        <p className="by">{t.detail.sending}</p>
      )}
    </div>
  );
}

function Composer({ detail }: { detail: Detail }) {
  const { t } = useLocale();
  const [text, setText] = useState("");
  const status = detail.data?.lead.session_status ?? "open";
  const human = status === "with_human";

  const submit = () => {
    if (!text.trim()) return;
    detail.send(text.trim());
    setText("");
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };
  if (status === "closed") return <p className="composer muted">{t.detail.closed}</p>;
  const label = human ? t.detail.send : t.detail.takeoverSend;
  return (
    <div className="composer" data-human={human || undefined}>
      <div className="holder">
        <span>
          <Icon name={human ? "person" : "spark"} />
          {human ? t.detail.personAnswers : t.detail.assistantAnswers}
        </span>
        <Button
          size="compact-md"
          variant={human ? "default" : "filled"}
          loading={detail.acting}
          onClick={() => void (human ? detail.release() : detail.takeover())}
        >
          {human ? t.detail.release : t.detail.takeover}
        </Button>
      </div>
      {detail.failure && (
        <Alert color="red" role="alert" py={8}>
          <div className="holder">
            {detail.failure === "not-yours" ? t.detail.notYours : t.detail.actionFailed}
            {detail.failure === "not-yours" && (
              <Button size="compact-md" variant="default" loading={detail.acting} onClick={() => void detail.takeover()}>
                {t.detail.takeover}
              </Button>
            )}
          </div>
        </Alert>
      )}
      <form
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          submit();
        }}
      >
        <Textarea
          aria-label={t.detail.reply}
          placeholder={t.detail.reply}
          value={text}
          dir={text ? "auto" : undefined}
          maxLength={MAX_TEXT}
          rows={2}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={keys}
        />
        <ActionIcon type="submit" size={44} radius="xl" variant="filled" aria-label={label} title={label} disabled={!text.trim()}>
          <Icon name="send" size={20} />
        </ActionIcon>
      </form>
      <p className="muted small hint">{human || !text.trim() ? t.detail.hint : `${t.detail.takeoverSend} · ${t.detail.hint}`}</p>
    </div>
  );
}

/** Shown while the first load runs. */
export function ConversationLoading() {
  return (
    <div className="middle">
      <Loader />
    </div>
  );
}
