import { expect, test } from "vitest";
import { ProblemError } from "../../../sdk/http";
import type { ServiceTerms } from "../../../sdk/wire";
import { choices, HORIZONS, length, refusal, REMINDERS, termsOf } from "./calls";
import { TEXTS } from "./texts";

test("a length reads in the largest unit that leaves nothing over, with Latin digits", () => {
  expect(length(45, "en")).toBe("45 minutes");
  expect(length(0, "en")).toBe("0 minutes");
  expect(length(90, "en")).toBe("90 minutes");
  expect(length(120, "en")).toBe("2 hours");
  expect(length(1440, "en")).toBe("1 day");
  expect(length(2880, "nb")).toBe("2 døgn");
  expect(length(120, "fr")).toMatch(/^2\sheures$/);
  expect(length(1500, "ar")).toMatch(/25/);
});

test("what stands can be chosen even when nobody offers it", () => {
  expect(choices(REMINDERS, 1440)).toEqual([...REMINDERS]);
  expect(choices(REMINDERS, 1000)).toContain(1000);
  expect(choices([5, 10], 7)).toEqual([5, 7, 10]);
  expect(HORIZONS[0]).toBe(7 * 1440);
});

test("terms leave without the name of their service", () => {
  const service: ServiceTerms = {
    service_id: "srv_1",
    name: "Prøvekjøring",
    minutes: 30,
    buffer_before_minutes: 0,
    buffer_after_minutes: 0,
    notice_minutes: 60,
    horizon_days: 30,
    capacity: 1,
    needs: [],
  };
  expect(Object.keys(termsOf(service))).not.toContain("name");
  expect(termsOf(service)).toMatchObject({ minutes: 30, needs: [] });
});

test("a refusal says what is wrong in the reader's language", () => {
  const t = TEXTS.nb;
  const problem = (status: number, code: string, pointer = "") => {
    const errors = [{ pointer, code: "value", detail: "must be from 1 to 2" }];
    return new ProblemError(status, { type: `/problems/${code}`, title: code, status, code, errors } as never, 0);
  };
  expect(refusal(problem(400, "invalid", "/first_reminder_minutes"), t)).toBe(t.refused.order);
  expect(refusal(problem(400, "invalid", "/offer_minutes"), t)).toBe(t.refused.offer);
  expect(refusal(problem(400, "invalid", "/capacity"), t)).toContain("must be from 1 to 2");
  expect(refusal(new Error("x"), t)).toBe(t.refused.other);
});
