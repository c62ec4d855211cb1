/**
 * What is known of a customer's files, as the drawer shows it.
 */
import type { AttachmentView } from "../../../sdk/wire";
import type { Lang } from "../i18n";

/** An upload that takes longer than this is told as one that has not come. */
const LATE_MS = 3 * 60_000;

/** Whether browsers draw it by themselves. */
export function isShown(kind: AttachmentView["kind"]): boolean {
  return kind === "jpeg" || kind === "png" || kind === "webp";
}

/** Whether a file that still arrives with a message of `at` is given up in what is said of it. */
export function isLate(at: string, now: number): boolean {
  return now - Date.parse(at) > LATE_MS;
}

/** Those that came with a message. */
export function filesOf(files: AttachmentView[] | undefined, messageId: string): AttachmentView[] {
  return (files ?? []).filter((file) => file.message_id === messageId);
}

/** `1.2 MB` in the reader's language, in Latin digits. */
export function sizeOf(bytes: number, lang: Lang): string {
  const big = bytes >= 1_000_000;
  const format = new Intl.NumberFormat(lang, {
    numberingSystem: "latn",
    style: "unit",
    unit: big ? "megabyte" : "kilobyte",
    maximumFractionDigits: big ? 1 : 0,
  });
  return format.format(Math.max(bytes / (big ? 1_000_000 : 1_000), 1));
}
