import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventStreamParser, type ServerSentEvent } from "../../../src/providers/responses/event-stream.ts";

function eventsOf(...pieces: readonly (string | Buffer)[]): ServerSentEvent[] {
  const events: ServerSentEvent[] = [];
  const parser = new EventStreamParser((event) => events.push(event));
  for (const piece of pieces) parser.push(Buffer.from(piece));
  parser.end();
  return events;
}

/** Cuts `bytes` where the numbers say; empty pieces happen. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

const lineEnd = fc.constantFrom("\n", "\r\n", "\r");
const text = fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("", " x", "ü😀", "a:b", "\uFEFF")).map(withoutLineEnds);

function withoutLineEnds(value: string): string {
  return value.replaceAll(/[\r\n]/g, "");
}

describe("an event stream", () => {
  it.each<[string, string, ServerSentEvent[]]>([
    ["events", "data: a\n\ndata: b\n\n", [named("", "a"), named("", "b")]],
    ["names, which hold for one event", "event: x\ndata: a\n\ndata: b\n\n", [named("x", "a"), named("", "b")]],
    ["data of several lines", "data: a\ndata:\ndata:b\n\n", [named("", "a\n\nb")]],
    [
      "CRLF and CR for line ends",
      "data: a\r\ndata: b\r\n\r\ndata: c\r\rdata: d\n\n",
      [named("", "a\nb"), named("", "c"), named("", "d")],
    ],
    [
      "comments, ids, retries and unknown fields",
      ": OPENROUTER PROCESSING\n\nid: 7\nretry: 1\nnew: x\ndata: a\n\n",
      [named("", "a")],
    ],
    ["one space after the colon, not two", "data:  a\n\ndata:b\n\n", [named("", " a"), named("", "b")]],
    ["empty data", "data\n\ndata:\n\n", [named("", ""), named("", "")]],
    ["an event without data", "event: ping\n\ndata: a\n\n", [named("", "a")]],
    ["a byte order mark, once", "\uFEFFdata: a\n\n\uFEFFdata: b\n\n", [named("", "a")]],
    ["a last event that nothing ends", "data: a\n\ndata: [DONE]", [named("", "a"), named("", "[DONE]")]],
    ["nothing", "", []],
  ])("has %s", (_, stream, events) => {
    expect(eventsOf(stream)).toEqual(events);
  });

  it("is the same wherever it is cut, in a line end, a character or a field", () => {
    const stream = Buffer.from("\uFEFFevent: x\r\ndata: ü😀\r\n\r\n: hm\rdata: a\rdata: b\r\rdata: c\n\ndata: end");
    const whole = eventsOf(stream);
    expect(whole).toHaveLength(4);
    for (let at = 0; at <= stream.length; at += 1) expect(eventsOf(stream.subarray(0, at), stream.subarray(at))).toEqual(whole);
    expect(eventsOf(...Array.from(stream, (byte) => Buffer.from([byte])))).toEqual(whole);
  });

  it("is the same however any bytes are cut", () => {
    const bytes = fc.array(
      fc.oneof(fc.constantFrom("data:", "event: x", ": ", "\n", "\r", "\r\n", "\uFEFF", "ü"), fc.uint8Array()),
    );
    fc.assert(
      fc.property(bytes, fc.array(fc.nat()), (parts, places) => {
        const stream = Buffer.concat(parts.map((part) => Buffer.from(part)));
        expect(eventsOf(...cut(stream, places))).toEqual(eventsOf(stream));
      }),
    );
  });

  it("gives back what was written, whatever the line ends and the cuts", () => {
    const event = fc.record({ name: text, lines: fc.array(text, { minLength: 1 }), end: lineEnd });
    fc.assert(
      fc.property(fc.array(event), fc.array(fc.nat()), (events, places) => {
        const stream = events.map(({ name, lines, end }) =>
          [`event: ${name}`, ...lines.map((line) => `data: ${line}`), "", ""].join(end),
        );
        const written = events.map(({ name, lines }) => named(name, lines.join("\n")));
        expect(eventsOf(...cut(Buffer.from(stream.join("")), places))).toEqual(written);
      }),
    );
  });

  it("takes a long line of single bytes", () => {
    const events: ServerSentEvent[] = [];
    const parser = new EventStreamParser((event) => events.push(event));
    for (const byte of Buffer.from(`data: ${"x".repeat(300_000)}\n\n`)) parser.push(Buffer.from([byte]));
    expect(events).toEqual([named("", "x".repeat(300_000))]);
  });
});

function named(name: string, data: string): ServerSentEvent {
  return { name, data };
}
