import { expect, test } from "vitest";
import { credentials, reason } from "./calls";
import { TEXTS } from "./texts";

/** Every text with its path. */
function flatten(node: unknown, path = ""): [string, string][] {
  if (typeof node === "string") return [[path, node]];
  return Object.entries(node as object).flatMap(([key, value]) => flatten(value, `${path}.${key}`));
}
const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map((found) => found[0]).sort();

test("the page says the same things in every language, with the same placeholders", () => {
  const english = new Map(flatten(TEXTS.en));
  for (const [lang, texts] of Object.entries(TEXTS)) {
    const flat = flatten(texts);
    expect(
      flat.map(([path]) => path),
      lang,
    ).toEqual([...english.keys()]);
    for (const [path, text] of flat) {
      expect(text.trim(), `${lang}${path}`).not.toBe("");
      expect(placeholders(text), `${lang}${path}`).toEqual(placeholders(english.get(path)!));
    }
  }
});

test("a form sends what its provider takes, and nothing of another", () => {
  const given = { key: " cal_live_1 ", url: "https://dav.example/", user: " ana ", password: " s3cret " };
  expect(credentials("cal_com", given)).toEqual({ provider: "cal_com", key: "cal_live_1" });
  expect(credentials("cal_dav", given)).toEqual({
    provider: "cal_dav",
    url: "https://dav.example/",
    user: "ana",
    password: " s3cret ",
  });
});

test("a failure is told in words, also one that is not known yet", () => {
  expect(reason("rate_limited", TEXTS.en)).toBe("The provider asks to wait.");
  expect(reason("something_new", TEXTS.en)).toBe("The provider does not answer.");
  expect(reason(undefined, TEXTS.nb)).toBe("Leverandøren svarer ikke.");
});
