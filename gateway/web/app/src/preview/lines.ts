/**
 * What a preview shows, in its order: what was said, and every try to answer with its reasons.
 *
 * Lives here: pure functions from the wire to the lines of the page. Invariants: each message and each turn stands
 * once; the turn of an answer stands with the answer, one without stands where it began.
 */
import type { Message, Preview, PreviewTurn } from "../../../sdk/wire";

export type Line = { key: string; at: number; message?: Message; turn?: PreviewTurn };

export function linesOf(preview: Preview): Line[] {
  const turnOf = new Map(preview.turns.flatMap((turn) => (turn.message_id ? [[turn.message_id, turn] as const] : [])));
  const lines: Line[] = preview.messages.map((message) => {
    const turn = turnOf.get(message.message_id);
    return { key: message.message_id, at: Date.parse(message.at), message, ...(turn && { turn }) };
  });
  // One that runs is shown as the draft; one that was dropped before it did anything says nothing.
  const alone = preview.turns.filter(
    (turn) => !turn.message_id && turn.state !== "running" && (turn.state === "failed" || hasReasons(turn)),
  );
  for (const turn of alone) lines.push({ key: turn.turn_id, at: Date.parse(turn.at), turn });
  // Messages are in their order already; times of the same instant keep it.
  return lines
    .map((line, place) => ({ line, place }))
    .sort((a, b) => a.line.at - b.line.at || a.place - b.place)
    .map(({ line }) => line);
}

export function hasReasons(turn: PreviewTurn): boolean {
  return turn.tools.length + turn.withheld.length + turn.grounds.length > 0;
}

/** JSON laid out to be read; other text as it is. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** An instant as a day and a time on a zone's clock. */
export function clock(at: string, lang: string, zone: string): string {
  return new Intl.DateTimeFormat(lang, {
    timeZone: zone,
    numberingSystem: "latn",
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(new Date(at));
}

/** Zones to choose from: the business's own and the reader's first. */
export function zones(own: string): string[] {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const all = typeof Intl.supportedValuesOf === "function" ? Intl.supportedValuesOf("timeZone") : [];
  return [...new Set([own, here, ...all])].filter(Boolean);
}
