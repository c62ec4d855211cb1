/**
 * Ids that a client makes: of a message, so that a repeat of it is known as one.
 */

/** A UUID where the browser gives one, which it does on safe origins only; else as good a guess. */
export function newId(): string {
  return globalThis.crypto?.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
}
