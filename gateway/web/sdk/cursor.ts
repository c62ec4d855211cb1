/**
 * The place in a log of events: `(epoch, seq)`, written `<epoch>-<seq>`.
 *
 * Lives here: parsing, printing, and the one rule for what a client may apply: within an epoch only
 * a higher `seq` is new; another epoch is another log.
 */

export interface Cursor {
  epoch: number;
  seq: number;
}

export function parseCursor(text: string | null | undefined): Cursor | null {
  const found = /^(\d+)-(\d+)$/.exec(text ?? "");
  return found ? { epoch: Number(found[1]), seq: Number(found[2]) } : null;
}

export function printCursor(cursor: Cursor | null): string | null {
  return cursor && `${cursor.epoch}-${cursor.seq}`;
}

/** Was `next` already applied by somebody who stands at `at`? */
export function isStale(at: Cursor | null, next: Cursor): boolean {
  return at !== null && at.epoch === next.epoch && next.seq <= at.seq;
}
