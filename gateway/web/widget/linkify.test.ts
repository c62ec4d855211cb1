import { expect, test } from "vitest";
import { linkify } from "./linkify";
import { pickLang } from "./texts";

const links = (text: string) => linkify(text).flatMap((part) => part.href ?? []);
const whole = (text: string) =>
  linkify(text)
    .map((part) => part.text)
    .join("");

test("web addresses become links, without the full stop or bracket that follows", () => {
  expect(links("Se https://example.no/ex30. Eller (http://example.com/a_(b))!")).toEqual([
    "https://example.no/ex30",
    "http://example.com/a_(b)",
  ]);
  expect(links("شاهد https://example.no/سيارة، شكرًا")).toEqual(["https://example.no/%D8%B3%D9%8A%D8%A7%D8%B1%D8%A9"]);
});

test("nothing else becomes a link", () => {
  for (const text of [
    "javascript:alert(1)",
    "data:text/html,x",
    "ftp://example.no",
    "www.example.no",
    "https://",
    "mailto:a@b.no",
    "<a href=x>",
  ]) {
    expect(links(text), text).toEqual([]);
  }
});

test("an address that pretends to be another host stays text", () => {
  expect(links("https://dealer.example@evil.example/login")).toEqual([]);
  expect(links("https://user:pass@evil.example")).toEqual([]);
});

test("the text is never changed", () => {
  for (const text of ["a https://x.no, b", "", "https://x.no", "(https://x.no)", "linje\nhttps://x.no/?q=1&r=2\n", "https://a@b.no z"]) {
    expect(whole(text)).toBe(text);
  }
});

test("the language is the first wish that the tenant speaks", () => {
  expect(pickLang(["no-NO", "en"])).toBe("nb");
  expect(pickLang([null, "de", "fr-CA"])).toBe("fr");
  expect(pickLang(["ar", "en-GB"], ["nb", "en"])).toBe("en");
  expect(pickLang(["de"], ["nb", "fr"])).toBe("nb");
  expect(pickLang(["de"], ["de"])).toBe("en");
  expect(pickLang([])).toBe("en");
});
