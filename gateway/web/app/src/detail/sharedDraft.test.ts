import { describe, expect, test } from "vitest";
import type { DraftFrame } from "../../../sdk/wire";
import { cleared, due, heard, keepMine, NO_DRAFT, takeTheirs, typed } from "./sharedDraft";

const frame = (revision: number, text: string, member_id = "ola"): DraftFrame => ({ session_id: "ses_1", revision, text, member_id });
const ME = "kari";

describe("a shared draft", () => {
  test("shows a colleague's text where nobody has typed, and says softly whose it is", () => {
    const state = heard(NO_DRAFT, frame(3, "Hei"), ME);
    expect(state).toMatchObject({ text: "Hei", changedBy: "ola", theirs: null });
    expect(due(state)).toBeNull();
    expect(typed(state, "Hei!").changedBy).toBeNull();
  });

  test("saves what I type on top of what I saw", () => {
    const state = typed(heard(NO_DRAFT, frame(3, "Hei"), ME), "Hei Per");
    expect(due(state)).toEqual({ text: "Hei Per", revision: 3 });
  });

  test("never takes my words away: two texts are a choice", () => {
    const mine = typed(heard(NO_DRAFT, frame(3, "Hei"), ME), "Hei Per");
    const both = heard(mine, frame(4, "God dag"), ME);
    expect(both.text).toBe("Hei Per");
    expect(due(both)).toBeNull();
    expect(takeTheirs(both)).toMatchObject({ text: "God dag", theirs: null });
    expect(due(takeTheirs(both))).toBeNull();
    expect(due(keepMine(both))).toEqual({ text: "Hei Per", revision: 4 });
  });

  test("takes the echo of my own save as mine, while I type on", () => {
    const saving = { ...typed(NO_DRAFT, "Hei"), saving: "Hei" };
    const further = typed(saving, "Hei Per");
    const echoed = heard(further, frame(1, "Hei", ME), ME);
    expect(echoed).toMatchObject({ text: "Hei Per", theirs: null });
    expect(due({ ...echoed, saving: null })).toEqual({ text: "Hei Per", revision: 1 });
  });

  test("another tab of mine is a colleague like any other when both were changed", () => {
    const mine = typed(NO_DRAFT, "Hei");
    expect(heard(mine, frame(1, "Something else", ME), ME).theirs?.text).toBe("Something else");
  });

  test("passes over what it has heard already", () => {
    const state = heard(NO_DRAFT, frame(5, "Ny"), ME);
    expect(heard(state, frame(4, "Gammel"), ME)).toBe(state);
  });

  test("goes when a colleague sent it, but not what I added", () => {
    const state = heard(NO_DRAFT, frame(5, "Hei"), ME);
    expect(heard(state, frame(0, "", "ola"), ME)).toMatchObject({ text: "", base: { revision: 0 } });
    const more = heard(typed(state, "Hei igjen"), frame(0, ""), ME);
    expect(more).toMatchObject({ text: "Hei igjen", theirs: null });
    expect(due(more)).toEqual({ text: "Hei igjen", revision: 0 });
  });

  test("is empty after sending, and needs no save for that", () => {
    const state = cleared(typed(heard(NO_DRAFT, frame(5, "Hei"), ME), "Hei du"));
    expect(state.text).toBe("");
    expect(due(state)).toBeNull();
  });

  test("does not come back with the echo of a save that was under way when it was sent", () => {
    const sent = cleared({ ...typed(NO_DRAFT, "Hei du"), saving: "Hei" });
    const echoed = heard(sent, frame(1, "Hei", ME), ME);
    expect(echoed.text).toBe("");
    expect(heard(echoed, frame(0, ""), ME)).toMatchObject({ text: "", base: { revision: 0 } });
    expect(due(typed(echoed, "Og"))).toEqual({ text: "Og", revision: 1 });
  });

  test("says one thing at a time", () => {
    expect(due({ ...typed(NO_DRAFT, "Hei"), saving: "He" })).toBeNull();
  });
});
