/**
 * Two buttons under a message of the assistant: what the member thinks of it. A second press takes it back.
 */
import type { Message, Rating } from "../../../sdk/wire";
import { Icon } from "../icons";
import { useLocale } from "../i18n";

const RATINGS = ["good", "bad"] as const satisfies readonly Rating[];

interface RateProps {
  message: Message;
  /** What the member thinks so far. */
  mine: Rating | undefined;
  onRate(messageId: string, rating: Rating | null): void;
}

export function Rate({ message, mine, onRate }: RateProps) {
  const { t } = useLocale();
  return (
    <div className="rate" role="group" aria-label={t.detail.rate.label}>
      {RATINGS.map((rating) => (
        <button
          key={rating}
          type="button"
          data-rating={rating}
          aria-pressed={mine === rating}
          aria-label={t.detail.rate[rating]}
          title={t.detail.rate[rating]}
          onClick={() => onRate(message.message_id, mine === rating ? null : rating)}
        >
          <Icon name={rating === "good" ? "thumbUp" : "thumbDown"} size={15} />
        </button>
      ))}
    </div>
  );
}
