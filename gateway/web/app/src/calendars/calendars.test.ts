import { expect, test } from "vitest";
import { credentials, reason } from "./calls";
import { TEXTS } from "./texts";

test("a form sends what its provider takes, and nothing of another", () => {
  const given = { key: " cal_live_1 ", url: "https://dav.example/", user: " nordlys ", password: " s3cret " };
  expect(credentials("cal_com", given)).toEqual({ provider: "cal_com", key: "cal_live_1" });
  expect(credentials("cal_dav", given)).toEqual({
    provider: "cal_dav",
    url: "https://dav.example/",
    user: "nordlys",
    password: " s3cret ",
  });
});

test("a failure is told in words, also one that is not known yet", () => {
  expect(reason("rate_limited", TEXTS.en)).toBe("The provider asks to wait.");
  expect(reason("something_new", TEXTS.en)).toBe("The provider does not answer.");
  expect(reason(undefined, TEXTS.nb)).toBe("Leverandøren svarer ikke.");
});
