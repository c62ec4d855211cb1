/**
 * Two buttons under a message of the assistant: what the member thinks of it, and why; a second press takes it back.
 * What colleagues think stands beside them.
 */
import { useState } from "react";
import type { Message, MessageRating, Rating } from "../../../sdk/wire";
import { Icon } from "../icons";
import { useLocale } from "../i18n";

const RATINGS = ["good", "bad"] as const satisfies readonly Rating[];

/** The longest reason, as the server takes it. */
const MAX_REASON = 500;

interface RateProps {
  message: Message;
  /** What anybody thinks of it so far. */
  ratings: readonly MessageRating[];
  me: string;
  onRate(messageId: string, rating: Rating | null, reason?: string): void;
}

export function Rate({ message, ratings, me, onRate }: RateProps) {
  const { t } = useLocale();
  const mine = ratings.find((one) => one.member_id === me);
  const others = ratings.filter((one) => one.member_id !== me);
  return (
    <div className="rate" role="group" aria-label={t.detail.rate.label}>
      {RATINGS.map((rating) => {
        const count = others.filter((one) => one.rating === rating).length;
        return (
          <button
            key={rating}
            type="button"
            data-rating={rating}
            aria-pressed={mine?.rating === rating}
            aria-label={count ? `${t.detail.rate[rating]} (${count})` : t.detail.rate[rating]}
            title={t.detail.rate[rating]}
            onClick={() => onRate(message.message_id, mine?.rating === rating ? null : rating)}
          >
            <Icon name={rating === "good" ? "thumbUp" : "thumbDown"} size={15} />
            {count > 0 && <small>{count}</small>}
          </button>
        );
      })}
      {mine && <Why key={mine.rating} said={mine.reason ?? ""} onSay={(reason) => onRate(message.message_id, mine.rating, reason)} />}
      {others.map(
        (one) =>
          one.reason && (
            <p key={one.member_id} className="muted small" dir="auto">
              {one.reason}
            </p>
          ),
      )}
    </div>
  );
}

/** Kept when the member leaves the field or presses Enter. */
function Why({ said, onSay }: { said: string; onSay(reason: string): void }) {
  const { t } = useLocale();
  const [text, setText] = useState(said);
  const keep = () => text.trim() !== said && onSay(text.trim());
  return (
    <input
      className="why"
      value={text}
      maxLength={MAX_REASON}
      dir="auto"
      aria-label={t.detail.rate.why}
      placeholder={t.detail.rate.why}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={keep}
      onKeyDown={(event) => event.key === "Enter" && !event.nativeEvent.isComposing && event.currentTarget.blur()}
    />
  );
}
