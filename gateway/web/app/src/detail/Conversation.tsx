/**
 * The conversation in the drawer: who said what, what is being written, what the customer has seen.
 */
import { Loader } from "@mantine/core";
import { useEffect, useRef } from "react";
import type { AttachmentView, Me, Message, PresenceFrame, MessageRating, Rating } from "../../../sdk/wire";
import { Icon } from "../icons";
import { fill, formatExact, formatTime, useLocale } from "../i18n";
import { useNow, usePresence } from "../live/store";
import type { Leads } from "../leads/useLeads";
import { Composer } from "./Composer";
import { Handoff } from "./People";
import { FilesOf } from "./FilesOf";
import { filesOf } from "./files";
import { Rate } from "./Rate";
import type { Detail, Pending } from "./useDetail";

/** A reader who scrolled up this far is left where they are. */
const NEAR_END = 80;

interface ConversationProps {
  detail: Detail;
  leads: Leads;
  me: Me;
  zone: string;
  now: number;
}

export function Conversation({ detail, leads, me, zone, now }: ConversationProps) {
  const { lang, t } = useLocale();
  const scroll = useRef<HTMLDivElement>(null);
  const stick = useRef(true);
  const lead = detail.data?.lead;
  const messages = detail.data?.messages ?? [];
  const presence = usePresence(leads.now, lead?.session_id);
  const answer = useNow(leads.now, (store) => (store.answer?.session_id === lead?.session_id ? store.answer : null));
  const count = messages.length + detail.pending.length;
  useEffect(() => {
    stick.current = true;
  }, [count]);
  useEffect(() => {
    const node = scroll.current;
    if (node && stick.current) node.scrollTo({ top: node.scrollHeight });
  });
  const { receipt } = detail;
  const seen = receipt && messages.findLast((one) => one.author !== "customer" && one.seq <= receipt.seq);
  const note = detail.data?.handoff_note;
  const ratings = detail.data?.ratings ?? [];
  return (
    <div className="conversation">
      {note && <Handoff note={note} />}
      {leads.staleSince && (
        <p className="stale">
          <Icon name="alert" size={15} />
          {fill(t.detail.stale, { time: formatTime(new Date(leads.staleSince).toISOString(), lang, zone, now) })}
        </p>
      )}
      <div
        className="transcript"
        data-transcript
        data-stale={leads.staleSince ? true : undefined}
        ref={scroll}
        role="log"
        tabIndex={0}
        aria-label={t.detail.conversation}
        onScroll={({ currentTarget: node }) => (stick.current = node.scrollHeight - node.scrollTop - node.clientHeight < NEAR_END)}
      >
        {count === 0 && !answer && <p className="muted">{t.detail.noMessages}</p>}
        {messages.map((message, i) => (
          <Bubble
            key={message.message_id}
            message={message}
            before={messages[i - 1]}
            zone={zone}
            now={now}
            seenAt={message === seen ? receipt!.at : null}
            ratings={ratings.filter((one) => one.message_id === message.message_id)}
            me={me.member_id}
            session={lead?.session_id ?? ""}
            files={filesOf(detail.data?.attachments, message.message_id)}
            onRate={(id, rating, reason) => detail.rate(me.member_id, id, rating, reason)}
          />
        ))}
        {answer && (
          <div className="said running" data-author="assistant" aria-hidden="true">
            <p className="by">
              <Icon name="spark" size={15} />
              <bdi>{t.detail.assistant}</bdi>
              {answer.step && <span className="step">{t.detail.steps[answer.step]}</span>}
            </p>
            <p className="bubble" dir="auto">
              {answer.text || <Dots />}
            </p>
          </div>
        )}
        {detail.pending.map((one) => (
          <PendingBubble key={one.clientId} pending={one} waits={leads.live !== "live"} onRetry={() => detail.retry(one.clientId)} />
        ))}
        <CustomerTypes presence={presence} />
      </div>
      {detail.data && <Composer detail={detail} leads={leads} me={me} presence={presence} />}
    </div>
  );
}

function Dots() {
  return (
    <span className="dots">
      <i />
      <i />
      <i />
    </span>
  );
}

function CustomerTypes({ presence }: { presence: PresenceFrame | undefined }) {
  const { t } = useLocale();
  return (
    <p className="customer-types muted" role="status">
      {presence?.customer_typing && (
        <>
          <Dots />
          {t.presence.customerTyping}
        </>
      )}
    </p>
  );
}

interface BubbleProps {
  message: Message;
  before: Message | undefined;
  zone: string;
  now: number;
  /** The customer has seen this one last, then. */
  seenAt: string | null;
  /** What members think of it. */
  ratings: readonly MessageRating[];
  me: string;
  session: string;
  /** That came with it. */
  files: AttachmentView[];
  onRate(messageId: string, rating: Rating | null, reason?: string): void;
}

function Bubble({ message, before, zone, now, seenAt, ratings, me, session, files, onRate }: BubbleProps) {
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
      <FilesOf session={session} files={files} at={message.at} now={now} />
      {author === "assistant" && <Rate message={message} ratings={ratings} me={me} onRate={onRate} />}
      {seenAt && (
        <p className="receipt muted" data-receipt>
          <Icon name="check" size={14} />
          {fill(t.detail.seen, { time: formatTime(seenAt, lang, zone, now) })}
        </p>
      )}
    </div>
  );
}

function PendingBubble({ pending, waits, onRetry }: { pending: Pending; waits: boolean; onRetry(): void }) {
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
        <p className="by">{waits ? t.detail.queued : t.detail.sending}</p>
      )}
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
