import { describe, expect, test } from "vitest";
import { DraftAssembler, MAX_DRAFT, scalars } from "./draft";

const delta = (offset: number, text: string, draft_id = "d1") => ({ type: "draft.delta", draft_id, offset, text }) as const;

describe("a draft", () => {
  test("grows piece by piece", () => {
    const draft = new DraftAssembler();
    draft.start("d1");
    expect(draft.apply(delta(0, "Hei "))).toBe("grown");
    expect(draft.apply(delta(4, "Kari"))).toBe("grown");
    expect(draft.text).toBe("Hei Kari");
  });

  test("counts offsets in characters, not in UTF-16 units", () => {
    const draft = new DraftAssembler();
    draft.apply(delta(0, "🚗🚙 "));
    expect(scalars(draft.text)).toBe(3);
    expect(draft.apply(delta(3, "مرحبا"))).toBe("grown");
    expect(draft.text).toBe("🚗🚙 مرحبا");
  });

  test("takes the whole text again after a reconnect and shows nothing twice", () => {
    const draft = new DraftAssembler();
    draft.apply(delta(0, "Vi har "));
    expect(draft.apply(delta(0, "Vi har 🚗 tre"))).toBe("grown");
    expect(draft.text).toBe("Vi har 🚗 tre");
    expect(draft.apply(delta(0, "Vi har"))).toBe("known");
    expect(draft.text).toBe("Vi har 🚗 tre");
  });

  test("keeps only what is new of an overlapping piece", () => {
    const draft = new DraftAssembler();
    draft.apply(delta(0, "ab🚗d"));
    expect(draft.apply(delta(2, "🚗def"))).toBe("grown");
    expect(draft.text).toBe("ab🚗def");
    expect(draft.apply(delta(1, "b🚗"))).toBe("known");
  });

  test("refuses a piece that would leave a hole", () => {
    const draft = new DraftAssembler();
    draft.apply(delta(0, "abc"));
    expect(draft.apply(delta(4, "e"))).toBe("gap");
    expect(draft.text).toBe("abc");
    expect(draft.apply(delta(5, "x", "d2"))).toBe("gap");
  });

  test("goes on from the text of a snapshot", () => {
    const draft = new DraftAssembler();
    draft.restore("d1", "Prisen 💰");
    expect(draft.apply(delta(8, " er"))).toBe("grown");
    expect(draft.text).toBe("Prisen 💰 er");
  });

  test("starts over with the first piece of another draft", () => {
    const draft = new DraftAssembler();
    draft.apply(delta(0, "old"));
    expect(draft.apply(delta(0, "new", "d2"))).toBe("grown");
    expect(draft.text).toBe("new");
    draft.end("d1");
    expect(draft.text).toBe("new");
    draft.end("d2");
    expect(draft.id).toBeNull();
  });

  test("is bounded", () => {
    const draft = new DraftAssembler();
    draft.apply(delta(0, "x".repeat(MAX_DRAFT)));
    expect(draft.apply(delta(MAX_DRAFT, "y"))).toBe("known");
    expect(draft.text.length).toBe(MAX_DRAFT);
  });
});
