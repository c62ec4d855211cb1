import { expect, test } from "vitest";
import { explain, fieldOf } from "./form";
import { shapeOf } from "./art";
import { TEXTS } from "./texts";

test("a JSON pointer finds its field, and a stranger finds none", () => {
  expect(fieldOf("/email")).toBe("email");
  expect(fieldOf("/vehicle_interest")).toBe("vehicle_interest");
  expect(fieldOf("/source_url")).toBeNull();
  expect(fieldOf("")).toBeNull();
});

test("a refusal is told in the visitor's language, or in the server's words when it is new", () => {
  expect(explain({ code: "email", detail: "is not a mail address" }, TEXTS.fr)).toBe(TEXTS.fr.contact.badEmail);
  expect(explain({ code: "required", detail: "is missing" }, TEXTS.nb)).toBe("Må fylles ut.");
  expect(explain({ code: "too-long", detail: "x" }, TEXTS.ar)).toBe(TEXTS.ar.contact.tooLong);
  expect(explain({ code: "phone", detail: "is not a phone number" }, TEXTS.nb)).toBe("is not a phone number");
});

test("a car gets the drawing of its kind", () => {
  expect(shapeOf("Volkswagen ID. Buzz Pro")).toBe("van");
  expect(shapeOf("Skoda Octavia 2.0 TDI Stasjonsvogn")).toBe("estate");
  expect(shapeOf("Peugeot e-208 GT")).toBe("hatch");
  expect(shapeOf("Tesla Model 3")).toBe("sedan");
  expect(shapeOf("Toyota RAV4")).toBe("suv");
});
