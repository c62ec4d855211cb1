import { describe, expect, test } from "vitest";
import type { LeadPromise } from "../../sdk/wire";
import { type Lang, LANGS } from "./i18n";
import { formatSpan, readPromise, ServerClock } from "./promise";
import { ar } from "./texts/ar";
import { en, type Texts } from "./texts/en";
import { fr } from "./texts/fr";
import { nb } from "./texts/nb";

const TEXTS: Record<Lang, Texts> = { nb, en, fr, ar };
const SINCE = Date.parse("2026-03-01T12:00:00Z");
const waiting: LeadPromise = { state: "waiting", since: "2026-03-01T12:00:00Z", deadline: "2026-03-01T12:01:30Z" };
const read = (promise: LeadPromise, after: number, lang: Lang = "en") => readPromise(promise, SINCE + after, lang, TEXTS[lang]);

describe("a span", () => {
  test.each<[number, Record<Lang, string>]>([
    [0, { nb: "0,0 s", en: "0.0 s", fr: "0,0 s", ar: "0.0 ث" }],
    [4_240, { nb: "4,2 s", en: "4.2 s", fr: "4,2 s", ar: "4.2 ث" }],
    [9_960, { nb: "10 s", en: "10 s", fr: "10 s", ar: "10 ث" }],
    [47_400, { nb: "47 s", en: "47 s", fr: "47 s", ar: "47 ث" }],
    [412_000, { nb: "6 min 52 s", en: "6 min 52 s", fr: "6 min 52 s", ar: "6 د 52 ث" }],
    [7_500_000, { nb: "2 t 5 min", en: "2 h 5 min", fr: "2 h 5 min", ar: "2 س 5 د" }],
    [3_600_000, { nb: "1 t", en: "1 h", fr: "1 h", ar: "1 س" }],
    [273_600_000, { nb: "3 d 4 t", en: "3 d 4 h", fr: "3 j 4 h", ar: "3 ي 4 س" }],
  ])("of %i ms reads well in four languages", (ms, expected) => {
    for (const lang of Object.keys(LANGS) as Lang[]) {
      expect(formatSpan(ms, lang, TEXTS[lang].units).replace(/\u00a0|\u202f/g, " "), lang).toBe(expected[lang]);
    }
  });
});

describe("a waiting promise", () => {
  test("runs down and changes its colour on the way", () => {
    expect(read(waiting, 0)).toMatchObject({ phase: "calm", share: 1, left: 90, sentence: "due in 1 min 30 s" });
    expect(read(waiting, 44_000)).toMatchObject({ phase: "calm", left: 46 });
    expect(read(waiting, 46_000)).toMatchObject({ phase: "soon", left: 44 });
    expect(read(waiting, 73_000)).toMatchObject({ phase: "urgent", left: 17 });
    expect(read(waiting, 81_500)).toMatchObject({ left: 9, sentence: "due in 9 s" });
  });

  test("turns late when the deadline has passed, and counts on", () => {
    expect(read(waiting, 102_000)).toMatchObject({ phase: "late", left: -12, sentence: "12 s late" });
    expect(read(waiting, 165_000, "nb").sentence).toBe("1 min 15 s for sent");
  });

  test("without a readable deadline shows no number instead of nonsense", () => {
    expect(read({ state: "waiting" }, 0)).toMatchObject({ phase: "calm", left: null, sentence: "" });
  });
});

describe("a finished promise", () => {
  const kept: LeadPromise = { state: "kept", answered_after_ms: 4200, by: "model" };

  test("says after how long and by whom, in four languages", () => {
    expect(read(kept, 0, "en")).toMatchObject({ sentence: "answered after 4.2 s", by: "by the assistant" });
    expect(read(kept, 0, "nb")).toMatchObject({ sentence: "besvart etter 4,2 s", by: "av assistenten" });
    expect(read(kept, 0, "fr")).toMatchObject({ sentence: "répondu en 4,2 s", by: "par l’assistant" });
    expect(read(kept, 0, "ar")).toMatchObject({ sentence: "أُجيب بعد 4.2 ث", by: "من المساعد" });
    expect(read({ ...kept, by: "template" }, 0).by).toBe("by template");
    expect(read({ ...kept, by: "member" }, 0).by).toBe("by a person");
  });

  test("that was broken tells a late answer from none", () => {
    expect(read({ state: "broken", answered_after_ms: 412_000, by: "member" }, 0)).toMatchObject({
      phase: "broken",
      sentence: "answered too late, after 6 min 52 s",
    });
    expect(read({ state: "broken" }, 0).sentence).toBe("not answered in time");
  });

  test("of a lead that is owed nothing stays quiet", () => {
    expect(read({ state: "none" }, 0)).toMatchObject({ phase: "none", sentence: "no answer owed", left: null });
  });
});

describe("the server's clock", () => {
  test("corrects a machine whose clock is minutes off", () => {
    const clock = new ServerClock();
    clock.heard("2026-03-01T12:05:00Z", SINCE + 400);
    clock.heard("2026-03-01T12:05:10Z", SINCE + 10_050);
    expect(clock.now(SINCE + 20_000)).toBe(SINCE + 20_000 + 299_950);
  });

  test("leaves a machine alone that is right but far away", () => {
    const clock = new ServerClock();
    clock.heard("2026-03-01T12:00:00Z", SINCE + 900);
    expect(clock.now(SINCE + 5_000)).toBe(SINCE + 5_000);
    clock.heard("nonsense", SINCE);
    expect(clock.now(SINCE)).toBe(SINCE);
  });
});
