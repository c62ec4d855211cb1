import { describe, expect, test } from "vitest";
import type { AttachmentView } from "../../../sdk/wire";
import { LANGS, type Lang } from "../i18n";
import { FILE_TEXTS } from "./fileTexts";
import { filesOf, isLate, isShown, sizeOf } from "./files";

const file = (id: string, message: string): AttachmentView => ({
  attachment_id: id,
  message_id: message,
  bytes: 1,
  state: "arrived",
  kind: "jpeg",
});

describe("files of a customer", () => {
  test("stand with their own message, also when the server is older and names none", () => {
    const files = [file("a", "m1"), file("b", "m2"), file("c", "m1")];
    expect(filesOf(files, "m1").map((one) => one.attachment_id)).toEqual(["a", "c"]);
    expect(filesOf(undefined, "m1")).toEqual([]);
  });

  test("are drawn only when a browser draws them by itself", () => {
    expect((["jpeg", "png", "webp"] as const).every(isShown)).toBe(true);
    expect(isShown("pdf") || isShown("heic") || isShown(undefined)).toBe(false);
  });

  test("are given up in words when they take too long", () => {
    const at = "2026-11-21T12:00:00Z";
    expect(isLate(at, Date.parse(at) + 60_000)).toBe(false);
    expect(isLate(at, Date.parse(at) + 181_000)).toBe(true);
  });

  test("have sizes and words in four languages", () => {
    for (const lang of Object.keys(LANGS) as Lang[]) {
      expect(sizeOf(2_500_000, lang)).toMatch(/2[.,]5/);
      expect(Object.keys(FILE_TEXTS[lang].reasons)).toEqual(["cancelled", "too_large", "wrong_kind"]);
    }
  });
});
