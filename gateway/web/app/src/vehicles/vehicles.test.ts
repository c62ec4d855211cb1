import { expect, test } from "vitest";
import { ProblemError } from "../../../sdk/http";
import type { VehicleFields } from "../../../sdk/wire";
import { fault, fieldErrors, ownPhoto, refusal } from "./calls";
import { changesOf, draftOf, fieldsOf, minor, rebased, whole } from "./draft";
import { said } from "./History";
import { ALL, parseQuery, printQuery, toApi } from "./query";
import { TEXTS } from "./texts";

const t = TEXTS.en;
const TESLA: VehicleFields = {
  make: "Tesla",
  model: "Model 3",
  year: 2022,
  price_minor: 35_990_000,
  currency: "NOK",
  fuel: "electric",
  kilometres: 46_200,
  range_km: 602,
  equipment: ["Hengerfeste", "Vinterhjul"],
  description: { nb: "Fin bil." },
};

test("numbers are read as people of several countries write them", () => {
  for (const text of ["46200", "46 200", "46.200", "46,200", "46\u00a0200", "46\u202f200", "٤٦٢٠٠"]) expect(whole(text), text).toBe(46_200);
  for (const text of ["46 200,5", "4.62", "about 46", "-1", ""]) expect(whole(text), text).toBeNull();
  for (const text of ["399000", "399 000", "399.000", "399,000.00", "399.000,00"]) expect(minor(text), text).toBe(39_900_000);
  expect(minor("24 900,5")).toBe(2_490_050);
  for (const text of ["soon", "1,2,3", "24 900,505", "-5"]) expect(minor(text), text).toBeNull();
});

test("what a form was opened with stands for the same vehicle", () => {
  const { fields, faults } = fieldsOf(draftOf(TESLA));
  expect(faults).toEqual({});
  expect(fields).toEqual(TESLA);
  expect(changesOf(draftOf(TESLA), draftOf(TESLA))).toEqual({});
});

test("a form tells what is missing and what is no number", () => {
  const { faults } = fieldsOf({ ...draftOf(null), make: "Kia", model: " ", year: "last year", price_minor: "much" });
  expect(faults).toEqual({ model: "required", year: "number", price_minor: "number", kilometres: "required" });
});

test("only what was touched is sent, and what was emptied as nothing", () => {
  const opened = draftOf(TESLA);
  const mine = { ...opened, price_minor: "339 900", range_km: "", equipment: "Hengerfeste" };
  expect(changesOf(opened, mine)).toEqual({ price_minor: 33_990_000, range_km: null, equipment: ["Hengerfeste"] });
});

test("a colleague's change stays beside one's own", () => {
  const opened = draftOf(TESLA);
  const mine = { ...opened, price_minor: "339 900", description: { ...opened.description, en: "A fine car." } };
  const newer = draftOf({ ...TESLA, kilometres: 47_000, description: { nb: "Veldig fin bil." } });
  const both = rebased(opened, mine, newer);
  expect([both.price_minor, both.kilometres]).toEqual(["339 900", "47000"]);
  expect(both.description).toEqual({ nb: "Veldig fin bil.", en: "A fine car." });
  expect(Object.keys(changesOf(newer, both))).toEqual(["price_minor", "description"]);
});

test("an address and a query stand for each other, and what is not understood is passed over", () => {
  const query = { ...ALL, q: "id.4", status: "deleted", fuel: "electric", sort: "cheapest", page: 3 } as const;
  expect(parseQuery(printQuery(query))).toEqual(query);
  expect(printQuery(ALL).toString()).toBe("");
  expect(parseQuery(new URLSearchParams("status=lost&page=-1&sort=x&fuel=coal"))).toEqual(ALL);
  expect(toApi(query)).toBe("limit=50&offset=100&q=id.4&fuel=electric&sort=cheapest&deleted=true");
  expect(toApi({ ...ALL, status: "sold" })).toBe("limit=50&offset=0&sort=newest&status=sold");
});

const refused = (code: string, errors: { pointer: string; code: string; detail: string }[] = []) =>
  new ProblemError(409, { type: "", title: "", status: 409, code, detail: "", instance: "", errors } as never, 0);

test("errors stand at their fields, of an addition and of a change", () => {
  const errors = [
    { pointer: "/set/seats", code: "range", detail: "must be a whole number from 1 to 99" },
    { pointer: "/price_minor", code: "range", detail: "of another kind" },
    { pointer: "/vin", code: "taken", detail: "is another vehicle's" },
    { pointer: "/colour", code: "unheard-of", detail: "is odd" },
  ];
  expect(fieldErrors(refused("invalid", errors), t)).toEqual({
    seats: "Must be a whole number from 1 to 99.",
    price_minor: t.faults.range,
    vin: t.faults.taken,
    colour: "is odd",
  });
  expect(fault("length", "must be at most 100 characters", t)).toBe("At most 100.");
  expect(refusal(refused("vehicle-changed"), t)).toBe(t.refused.changed);
  expect(refusal(refused("unheard-of"), t)).toBe(t.refused.other);
});

test("values of a history are told in words", () => {
  expect(said("price", { minor: 35_990_000, currency: "NOK" }, t, "en")).toMatch(/NOK\s359,900/);
  expect(said("status", "in_service", t, "en")).toBe("In service");
  expect(said("year", 2022, t, "en")).toBe("2022");
  expect(said("photos", ["a", "b"], t, "en")).toBe("2");
  expect(said("plate", { text: "EV 12345", country: "NO" }, t, "en")).toBe("EV 12345 NO");
  expect(said("colour", null, t, "en")).toBe("–");
});

test("only the server's own pictures are removed as such", () => {
  const id = "0123456789abcdef".repeat(4);
  expect(ownPhoto(`/v1/public/photos/${id}`)).toBe(id);
  for (const other of ["https://cars.example/1.jpg", `/v1/public/photos/${id}/x`, "/v1/public/photos/.."])
    expect(ownPhoto(other)).toBeNull();
});
