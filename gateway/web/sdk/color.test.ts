import { expect, test } from "vitest";
import { contrast, formatColor, parseColor, readableOn, textOn } from "./color";

test("text on any brand colour reaches the contrast of WCAG AA", () => {
  for (let n = 0; n < 4096; n += 7) {
    const ground = parseColor("#" + n.toString(16).padStart(3, "0"))!;
    expect(contrast(ground, textOn(ground)), formatColor(ground)).toBeGreaterThanOrEqual(4.5);
  }
});

test("an accent is moved until it can be read on the ground", () => {
  for (const hex of ["#ffe600", "#0b5cad", "#ffffff", "#000000", "#7a7a7a"]) {
    for (const ground of ["#ffffff", "#12161c"]) {
      const moved = readableOn(parseColor(hex)!, parseColor(ground)!);
      expect(contrast(moved, parseColor(ground)!)).toBeGreaterThanOrEqual(4.5);
    }
  }
});

test("a readable accent is left as it is", () => {
  expect(formatColor(readableOn(parseColor("#0b5cad")!, parseColor("#fff")!))).toBe("#0b5cad");
});

test("what is not a colour is refused", () => {
  for (const text of ["", "red", "#12", "url(x)", "#gggggg", null, undefined]) {
    expect(parseColor(text)).toBeNull();
  }
});
