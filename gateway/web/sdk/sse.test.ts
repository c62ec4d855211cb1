import { describe, expect, test } from "vitest";
import { MAX_EVENT, SseParser } from "./sse";

const STREAM =
  '\uFEFFretry: 2000\n\n: hb\n\nid: 3-41\nevent: message.posted\ndata: {"a":\ndata: 1}\n\n' +
  "event: draft.delta\r\ndata: hei på deg 🚗\r\n\r\ndata:no space\r\r: hb\r\ndata:  two spaces\n\n" +
  "event: nothing\n\nid: 3-42\ndata\n\n";

const EVENTS = [
  { event: "message.posted", data: '{"a":\n1}', id: "3-41" },
  { event: "draft.delta", data: "hei på deg 🚗", id: "3-41" },
  { event: "message", data: "no space", id: "3-41" },
  { event: "message", data: " two spaces", id: "3-41" },
  { event: "message", data: "", id: "3-42" },
];

describe("the SSE parser", () => {
  test("reads events with LF, CRLF and CR, several data lines, comments and a byte order mark", () => {
    expect(new SseParser().push(STREAM)).toEqual(EVENTS);
  });

  test("reads the same events wherever the stream is cut in two", () => {
    for (let cut = 0; cut <= STREAM.length; cut += 1) {
      const parser = new SseParser();
      const events = [...parser.push(STREAM.slice(0, cut)), ...parser.push(STREAM.slice(cut))];
      expect(events, `cut at ${cut}`).toEqual(EVENTS);
    }
  });

  test("reads the same events one character at a time", () => {
    const parser = new SseParser();
    expect([...STREAM.split("")].flatMap((char) => parser.push(char))).toEqual(EVENTS);
  });

  test("survives UTF-8 that is cut inside a character, through a streaming decoder", () => {
    const bytes = new TextEncoder().encode(STREAM);
    const parser = new SseParser();
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const events = [...bytes].flatMap((byte) => parser.push(decoder.decode(new Uint8Array([byte]), { stream: true })));
    expect(events).toEqual(EVENTS);
  });

  test("keeps the last id over events that carry none, and ignores an id with NUL", () => {
    const parser = new SseParser();
    const events = parser.push("id: 1-7\ndata: a\n\ndata: b\n\nid: 1\0-8\ndata: c\n\n");
    expect(events.map((event) => event.id)).toEqual(["1-7", "1-7", "1-7"]);
  });

  test("holds an event back until its blank line has come", () => {
    const parser = new SseParser();
    expect(parser.push("data: half")).toEqual([]);
    expect(parser.push("\n")).toEqual([]);
    expect(parser.push("\n")).toEqual([{ event: "message", data: "half", id: "" }]);
  });

  test("ends the stream instead of holding a line or an event without bound", () => {
    expect(() => new SseParser().push("data: " + "x".repeat(MAX_EVENT + 1))).toThrow(RangeError);
    const parser = new SseParser();
    const line = "data: " + "x".repeat(MAX_EVENT / 2) + "\n";
    parser.push(line);
    expect(() => parser.push(line + line)).toThrow(RangeError);
  });
});
