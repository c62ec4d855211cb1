import { expect, test } from "vitest";
import { callAfter } from "./call";

const nine = { at: "2026-11-23T08:00:00Z", minutes: 30 };
const ten = { at: "2026-11-23T09:00:00Z", minutes: 30 };

test("a call is offered, agreed, rung and over", () => {
  const offered = callAfter(null, { kind: "offered", times: [nine, ten], why: "closed" });
  expect(offered).toEqual({ offered: [nine, ten], why: "closed" });
  const agreed = callAfter(offered, { kind: "agreed", time: nine });
  expect(agreed).toEqual({ offered: [], agreed: nine });
  const ringing = callAfter(agreed, { kind: "ringing" });
  expect(ringing).toEqual({ offered: [], agreed: nine, ringing: true });
  expect(callAfter(ringing, { kind: "ended", end: "done" })).toBeNull();
});

test("what is agreed stands while another time may be chosen", () => {
  const moving = callAfter({ offered: [], agreed: nine }, { kind: "offered", times: [ten], why: "again" });
  expect(moving).toEqual({ offered: [ten], why: "again", agreed: nine });
  expect(callAfter(moving, { kind: "agreed", time: ten })).toEqual({ offered: [], agreed: ten });
  expect(callAfter(moving, { kind: "ended", end: "cancelled" })).toEqual({ offered: [ten] });
});

test("a call that was never heard of does not ring", () => {
  expect(callAfter(null, { kind: "ringing" })).toBeNull();
});
