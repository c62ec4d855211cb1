/**
 * Who speaks to the customer, and the field to speak oneself.
 *
 * Lives here: takeover and give-back, the shared draft with its choices, the hint that a colleague
 * is writing, and what was written meanwhile before a reply leaves.
 */
import { ActionIcon, Alert, Button, Textarea } from "@mantine/core";
import { type FormEvent, type KeyboardEvent, useEffect, useState } from "react";
import type { Me, PresenceFrame } from "../../../sdk/wire";
import { Icon } from "../icons";
import { fill, useLocale } from "../i18n";
import { useNow } from "../live/store";
import type { Leads } from "../leads/useLeads";
import type { Detail } from "./useDetail";
import { useSharedDraft } from "./useSharedDraft";

const MAX_TEXT = 4000;

/** How long the assistant stays silent after a key of a member. */
const PAUSE_MS = 8_000;

/** The name of a member, as far as anything that came in has told it. */
export function useNameOf(leads: Leads, detail: Detail, presence: PresenceFrame | undefined): (id: string) => string {
  const { t } = useLocale();
  const members = useNow(leads.now, (store) => store.members);
  return (id) =>
    members.find((one) => one.member_id === id)?.name ??
    presence?.viewers.find((one) => one.member_id === id)?.name ??
    (id === detail.data?.lead.assignee ? detail.data.messages.findLast((one) => one.member_name)?.member_name : undefined) ??
    t.detail.member;
}

interface ComposerProps {
  detail: Detail;
  leads: Leads;
  me: Me;
  presence: PresenceFrame | undefined;
}

export function Composer({ detail, leads, me, presence }: ComposerProps) {
  const { t } = useLocale();
  const lead = detail.data!.lead;
  const draft = useSharedDraft(lead.session_id, me.member_id, leads.socket, leads.now);
  const nameOf = useNameOf(leads, detail, presence);
  const [typedAt, setTypedAt] = useState(0);
  const others = presence?.viewers.filter((one) => one.typing && one.member_id !== me.member_id) ?? [];
  const human = lead.session_status === "with_human";
  const { text } = draft;

  // "You are writing" ends by itself.
  useEffect(() => {
    if (!typedAt) return;
    const timer = setTimeout(() => setTypedAt(0), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typedAt]);

  const write = (next: string) => {
    draft.write(next);
    leads.socket.typing(lead.session_id, next.trim() !== "");
    setTypedAt(next.trim() ? Date.now() : 0);
  };
  const submit = () => {
    if (!text.trim()) return;
    detail.send(text.trim());
    setTypedAt(0);
    draft.clear();
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };
  if (lead.session_status === "closed") return <p className="composer muted">{t.detail.closed}</p>;
  const label = human ? t.detail.send : t.detail.takeoverSend;
  const mine = human && lead.assignee === me.member_id;
  const who = mine
    ? t.detail.youAnswer
    : human
      ? lead.assignee
        ? fill(t.detail.nameAnswers, { name: nameOf(lead.assignee) })
        : t.detail.personAnswers
      : typedAt
        ? t.detail.paused
        : others[0]
          ? fill(t.detail.pausedName, { name: others[0].name })
          : t.detail.assistantAnswers;
  return (
    <div className="composer" data-human={human || undefined}>
      <div className="holder" data-speaker={mine ? "me" : human ? "member" : typedAt || others.length ? "paused" : "assistant"}>
        <span role="status">
          <Icon name={human ? "person" : "spark"} />
          {who}
        </span>
        <span className="acts">
          {human && !mine && (
            <Button size="compact-sm" loading={detail.acting} onClick={() => void detail.takeover()}>
              {t.detail.takeover}
            </Button>
          )}
          <Button
            size="compact-sm"
            variant={human ? "default" : "filled"}
            loading={detail.acting}
            data-turn
            onClick={() => void (human ? detail.release() : detail.takeover())}
          >
            {human ? t.detail.release : t.detail.takeover}
          </Button>
        </span>
      </div>
      {detail.failure && (
        <Alert color="red" role="alert" py={8}>
          <div className="holder">
            {detail.failure === "not-yours" ? t.detail.notYours : t.detail.actionFailed}
            {detail.failure === "not-yours" && (
              <Button size="compact-sm" variant="default" loading={detail.acting} onClick={() => void detail.takeover()}>
                {t.detail.takeover}
              </Button>
            )}
          </div>
        </Alert>
      )}
      <Held detail={detail} onEdit={write} />
      {draft.theirs && (
        <div className="choice" role="alert">
          <p>{fill(t.detail.theirs, { name: nameOf(draft.theirs.member_id ?? "") })}</p>
          <blockquote dir="auto">{draft.theirs.text}</blockquote>
          <div className="acts">
            <Button size="compact-sm" onClick={draft.takeTheirs}>
              {t.detail.takeTheirs}
            </Button>
            <Button size="compact-sm" variant="default" onClick={draft.keepMine}>
              {t.detail.keepMine}
            </Button>
          </div>
        </div>
      )}
      <form
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          submit();
        }}
      >
        <Textarea
          aria-label={t.detail.reply}
          aria-describedby="reply-hint"
          placeholder={t.detail.reply}
          value={text}
          dir={text ? "auto" : undefined}
          maxLength={MAX_TEXT}
          autosize
          minRows={2}
          maxRows={8}
          data-reply
          onChange={(event) => write(event.currentTarget.value)}
          onKeyDown={keys}
        />
        <ActionIcon type="submit" size={44} radius="xl" variant="filled" aria-label={label} title={label} disabled={!text.trim()}>
          <Icon name="send" size={20} />
        </ActionIcon>
      </form>
      <p className="small below" id="reply-hint" aria-live="polite">
        {others[0] ? (
          <b className="lock">{fill(t.detail.lock, { name: others[0].name })}</b>
        ) : draft.changedBy ? (
          <span className="lock">{fill(t.detail.changedBy, { name: nameOf(draft.changedBy) })}</span>
        ) : (
          <span className="muted hint">{human || !text.trim() ? t.detail.hint : `${t.detail.takeoverSend} · ${t.detail.hint}`}</span>
        )}
      </p>
    </div>
  );
}

/** A reply that was held back, under what was written meanwhile. */
function Held({ detail, onEdit }: { detail: Detail; onEdit(text: string): void }) {
  const { t } = useLocale();
  const { conflict } = detail;
  if (!conflict) return null;
  return (
    <div className="choice hot" role="alert" data-conflict>
      <p>
        <Icon name="alert" />
        {t.detail.conflict}
      </p>
      {conflict.newer.map((message) => (
        <blockquote key={message.message_id} dir="auto">
          <b>
            <bdi>{message.author === "member" ? message.member_name || t.detail.member : t.detail[message.author]}</bdi>
          </b>{" "}
          {message.text}
        </blockquote>
      ))}
      <blockquote className="mine" dir="auto">
        {conflict.text}
      </blockquote>
      <div className="acts">
        <Button size="compact-sm" color="red.9" variant="filled" onClick={detail.sendAnyway}>
          {t.detail.sendAnyway}
        </Button>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => {
            onEdit(conflict.text);
            detail.discard();
          }}
        >
          {t.detail.edit}
        </Button>
        <Button size="compact-sm" variant="default" onClick={detail.discard}>
          {t.detail.discard}
        </Button>
      </div>
    </div>
  );
}
