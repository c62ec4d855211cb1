import { describe, expect, test } from "vitest";
import type { LeadEvent, Lead, LeadPage } from "../../../sdk/wire";
import { nextDay, startOfDay } from "../zone";
import { csvCell, csvSeparator, toCsv } from "./csv";
import { pagesToShow } from "./Pager";
import { isFiltered, matches, NO_FILTER, parseQuery, printQuery, toApi } from "./query";
import { applyEvent } from "./rows";

const ZONE = "Europe/Oslo";
const ME = "mem_kari";
const lead = (part: Partial<Lead> = {}): Lead => ({
  lead_id: "lead_1",
  session_id: "ses_1",
  name: "Kari Nordmann",
  email: "kari@example.no",
  source: "website",
  status: "new",
  created_at: "2026-03-28T12:00:00Z",
  updated_at: "2026-03-28T12:00:00Z",
  excerpt: "Hei",
  repeats: 0,
  language: "nb",
  promise: { state: "waiting" },
  needs_human: false,
  session_status: "open",
  ...part,
});

describe("the query in the address", () => {
  test("survives a round trip and leaves out what is nothing", () => {
    const query = {
      page: 3,
      status: "won",
      source: "widget",
      from: "2026-03-01",
      to: "2026-03-31",
      q: "kari & co",
      whose: "mine",
    } as const;
    expect(parseQuery(printQuery(query))).toEqual(query);
    expect(printQuery(NO_FILTER)).toBe("");
  });

  test("falls back to nothing on nonsense", () => {
    expect(parseQuery("?page=-4&status=hacked&source=x&from=yesterday&to=2026-3-1")).toEqual(NO_FILTER);
    expect(parseQuery("?page=1e9").page).toBe(1);
    expect(isFiltered(parseQuery("?page=7&q=%20"))).toBe(false);
  });

  test("sends days as instants of the tenant's zone, the end exclusive, across a change of the clocks", () => {
    const sent = new URLSearchParams(toApi({ ...NO_FILTER, from: "2026-03-29", to: "2026-03-29" }, ZONE, ME));
    expect(sent.get("from")).toBe("2026-03-28T23:00:00.000Z");
    expect(sent.get("to")).toBe("2026-03-29T22:00:00.000Z");
  });
});

test("days that were typed the wrong way round are turned", () => {
  const sent = new URLSearchParams(toApi({ ...NO_FILTER, from: "2026-05-02", to: "2026-05-01" }, ZONE, ME));
  expect(sent.get("from")! < sent.get("to")!).toBe(true);
  expect(matches(lead({ created_at: "2026-05-01T12:00:00Z" }), { ...NO_FILTER, from: "2026-05-02", to: "2026-05-01" }, ZONE, ME)).toBe(
    true,
  );
});

describe("days of a zone", () => {
  test.each([
    ["2026-01-15", "Europe/Oslo", "2026-01-14T23:00:00.000Z"],
    ["2026-07-15", "Europe/Oslo", "2026-07-14T22:00:00.000Z"],
    ["2026-10-25", "Europe/Oslo", "2026-10-24T22:00:00.000Z"],
    ["2026-10-26", "Europe/Oslo", "2026-10-25T23:00:00.000Z"],
    ["2026-05-01", "Asia/Dubai", "2026-04-30T20:00:00.000Z"],
    ["2026-05-01", "America/New_York", "2026-05-01T04:00:00.000Z"],
  ])("%s begins in %s at %s", (day, zone, instant) => {
    expect(startOfDay(day, zone)?.toISOString()).toBe(instant);
  });

  test("the next day crosses months and leap years", () => {
    expect(nextDay("2026-12-31")).toBe("2027-01-01");
    expect(nextDay("2028-02-28")).toBe("2028-02-29");
  });
});

describe("a live event", () => {
  const page = (number: number, leads: Lead[], total = leads.length): LeadPage => ({
    leads,
    total,
    page: number,
    pages: Math.max(1, Math.ceil(total / 2)),
    per_page: 2,
    epoch: 1,
    seq: 10,
  });
  const frame = (row: Lead, event: LeadEvent["event"] = "lead.captured"): LeadEvent => ({
    type: "event",
    seq: 11,
    event,
    at: row.created_at,
    session_id: row.session_id,
    lead: row,
  });
  const [a, b, c] = ["a", "b", "c"].map((id) => lead({ lead_id: id })) as [Lead, Lead, Lead];

  test("puts a new lead on top of the first page, and the last one moves on to the next", () => {
    const step = applyEvent(page(1, [a, b]), NO_FILTER, ZONE, frame(c), ME);
    expect(step.page.leads.map((row) => row.lead_id)).toEqual(["c", "a"]);
    expect(step).toMatchObject({ entered: "c", above: 0, page: { total: 3, pages: 2 } });
  });

  test("only counts it on another page, where nothing may move under the hand", () => {
    const step = applyEvent(page(2, [a, b], 4), { ...NO_FILTER, page: 2 }, ZONE, frame(c), ME);
    expect(step.page.leads).toEqual([a, b]);
    expect(step).toMatchObject({ entered: null, above: 1, page: { total: 5, pages: 3 } });
  });

  test("leaves a new lead out that the filter does not want", () => {
    const query = { ...NO_FILTER, status: "won" as const };
    const before = page(1, [a]);
    expect(applyEvent(before, query, ZONE, frame(c), ME)).toEqual({ page: before, entered: null, above: 0, missing: false });
  });

  test("renews a known row in place, whatever the event, and even when it leaves the filter", () => {
    const changed = lead({ lead_id: "b", status: "contacted" });
    const step = applyEvent(page(1, [a, b]), { ...NO_FILTER, status: "new" }, ZONE, frame(changed, "lead.changed"), ME);
    expect(step.page.leads).toEqual([a, changed]);
    expect(step.page.total).toBe(2);
    const again = applyEvent(step.page, NO_FILTER, ZONE, frame(changed), ME);
    expect(again.page.total).toBe(2);
  });

  test("of a lead on another page changes nothing", () => {
    const before = page(1, [a]);
    expect(applyEvent(before, NO_FILTER, ZONE, frame(c, "lead.changed"), ME).page).toBe(before);
  });
});

describe("the filter of live leads", () => {
  test("agrees with the server's on name, mail and day", () => {
    expect(matches(lead(), { ...NO_FILTER, q: " NORDMANN " }, ZONE, ME)).toBe(true);
    expect(matches(lead({ name: undefined }), { ...NO_FILTER, q: "kari@" }, ZONE, ME)).toBe(true);
    expect(matches(lead(), { ...NO_FILTER, q: "ola" }, ZONE, ME)).toBe(false);
    const late = lead({ created_at: "2026-03-28T23:30:00Z" });
    expect(matches(late, { ...NO_FILTER, from: "2026-03-29", to: "2026-03-29" }, ZONE, ME)).toBe(true);
    expect(matches(late, { ...NO_FILTER, to: "2026-03-28" }, ZONE, ME)).toBe(false);
  });
});

describe("the export", () => {
  test("defuses what a spreadsheet would run", () => {
    for (const evil of ["=1+1", "+47 900", "-2", "@SUM(A1)", "\t=1", " =cmd|' /C calc'!A0", "＝1", "|x", "\r=1"]) {
      expect(csvCell(evil, ",").replace(/^"/, ""), evil).toMatch(/^'/);
    }
  });

  test("quotes separators, quotes and line breaks, and leaves plain text and numbers alone", () => {
    expect(csvCell('sa "hei", takk', ",")).toBe('"sa ""hei"", takk"');
    expect(csvCell("a;b", ";")).toBe('"a;b"');
    expect(csvCell("a\nb", ",")).toBe('"a\nb"');
    expect(csvCell("مرحبا", ",")).toBe("مرحبا");
    expect(csvCell(-4, ",")).toBe("-4");
    expect(csvCell(null, ",")).toBe("");
  });

  test("writes one line per lead, with the separator of the language", () => {
    const lines = toCsv([lead(), lead({ name: undefined })], "nb")
      .slice(1)
      .split("\r\n");
    expect(lines.length).toBe(4);
    expect(lines[0]!.startsWith("lead_id;created_at;name;")).toBe(true);
    expect(lines[1]!.split(";").length).toBe(lines[0]!.split(";").length);
    expect(csvSeparator("en")).toBe(",");
  });
});

test("the pager shows the ends, the neighbours, and a gap only where two or more are missing", () => {
  expect(pagesToShow(1, 1)).toEqual([1]);
  expect(pagesToShow(1, 6)).toEqual([1, 2, 0, 6]);
  expect(pagesToShow(3, 6)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(pagesToShow(5, 9)).toEqual([1, 0, 4, 5, 6, 0, 9]);
});
