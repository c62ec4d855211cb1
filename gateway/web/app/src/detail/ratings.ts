/**
 * The ratings of a conversation after one member changed their mind.
 */
import type { MessageRating, Rating } from "../../../sdk/wire";

/** With `rating` in place of what the member thought of the message; `null` takes it back. */
export function ratingsAfter(
  known: readonly MessageRating[],
  memberId: string,
  messageId: string,
  rating: Rating | null,
  at: string,
  reason?: string,
): MessageRating[] {
  const others = known.filter((one) => one.member_id !== memberId || one.message_id !== messageId);
  return rating ? [...others, { message_id: messageId, member_id: memberId, rating, at, ...(reason && { reason }) }] : others;
}

/** What a member thinks of a message. */
export function ratingOf(known: readonly MessageRating[], memberId: string, messageId: string): Rating | undefined {
  return known.find((one) => one.member_id === memberId && one.message_id === messageId)?.rating;
}
