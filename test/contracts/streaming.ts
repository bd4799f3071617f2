import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Attempt } from "../../src/model/attempt.ts";
import { minuteMs } from "../../src/model/rate-limit.ts";
import type { Protocol } from "../../src/providers/protocol.ts";
import { ResponseReader } from "../../src/providers/responses/response-reader.ts";

export interface RecordedStream {
  readonly name: string;
  /** What was asked. */
  readonly request: object;
  readonly events: string;
  /** The body of the same answer in one piece. */
  readonly body: object;
  /** A line that may stand between any two events and reports that the provider is overloaded. */
  readonly errorEvent: string;
}

const head = { statusCode: 200, headers: { "content-type": "text/event-stream" } };
const cutOff: Attempt = { ok: false, failure: { kind: "network", message: "the connection was reset", retryable: true } };

/** What every protocol that streams keeps to. Call it inside a `describe`. */
export function streamingContract(protocol: Protocol, recordings: readonly RecordedStream[]): void {
  describe.each(recordings)("$name", ({ request, events, body, errorEvent }) => {
    const read = (bytes: Uint8Array, interruption?: Attempt): Attempt => readPieces(protocol, request, [bytes], interruption);
    const bytes = Buffer.from(events);

    it("becomes the body of an answer in one piece, with its usage", () => {
      const attempt = read(bytes);
      expect(bodyOf(attempt)).toEqual(body);
      expect(attempt).toMatchObject({ ok: true, response: { statusCode: 200, usage: protocol.readUsage(body) } });
    });

    it("is one line", () => {
      const attempt = read(bytes);
      expect(attempt.ok && /[\r\n]/.test(attempt.response.body)).toBe(false);
    });

    it("is the same however its bytes are cut", () => {
      const whole = read(bytes);
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length)), (places) => {
          const ends = [0, ...places.toSorted((a, b) => a - b), bytes.length];
          const pieces = ends.slice(1).map((end, index) => bytes.subarray(ends[index], end));
          expect(readPieces(protocol, request, pieces)).toEqual(whole);
        }),
        { numRuns: 20 },
      );
    });

    it("is never taken for whole when it was cut, at the end of a line or within one", () => {
      const places = Array.from(bytes.keys()).filter(
        (at) => at % 4 === 0 || isWithinCharacter(bytes, at) || isAtLineEnd(bytes, at),
      );
      const attempts = places.flatMap((at) => [read(bytes.subarray(0, at)), read(bytes.subarray(0, at), cutOff)]);
      const answers = attempts.filter(({ ok }) => ok).map((attempt) => withoutUsage(bodyOf(attempt)));
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBeLessThanOrEqual(1);
      expect(answers[0] ?? withoutUsage(body)).toEqual(withoutUsage(body));
      const failures = attempts.filter((attempt) => !attempt.ok).map(({ failure }) => `${failure.kind} ${failure.retryable}`);
      expect(new Set(failures)).toEqual(new Set(["incomplete_stream true"]));
    });

    describe.each([
      ["LF", "\n"],
      ["CRLF", "\r\n"],
      ["CR", "\r"],
    ])("with lines that end with %s", (_, lineEnd) => {
      const written = Buffer.from(events.replaceAll("\n", lineEnd));
      const weakPlaces = Array.from(written.keys()).filter((at) => isWithinCharacter(written, at) || isAtLineEnd(written, at));

      it("is the same in single bytes, and when it is cut within a character or a line end", () => {
        const whole = read(bytes);
        expect(weakPlaces.some((at) => isWithinCharacter(written, at))).toBe(true);
        expect(
          readPieces(
            protocol,
            request,
            Array.from(written, (byte) => Uint8Array.of(byte)),
          ),
        ).toEqual(whole);
        const cut = weakPlaces.map((at) => readPieces(protocol, request, [written.subarray(0, at), written.subarray(at)]));
        expect(new Set(cut.map((attempt) => JSON.stringify(attempt)))).toEqual(new Set([JSON.stringify(whole)]));
      });

      it("is a whole answer or a failure when it ends within a character or a line end", () => {
        const attempts = weakPlaces.map((at) => read(written.subarray(0, at)));
        const answers = attempts.filter(({ ok }) => ok).map((attempt) => withoutUsage(bodyOf(attempt)));
        expect(answers).toEqual(answers.map(() => withoutUsage(body)));
        const failures = attempts.filter((attempt) => !attempt.ok).map(({ failure }) => failure.kind);
        expect(new Set(failures)).toEqual(new Set(["incomplete_stream"]));
      });
    });

    it("is a failure by the rules of error bodies, wherever it reports an error before its end", () => {
      const frames = events.split("\n\n").slice(0, -1);
      for (let at = 0; at < frames.length - 3; at += 1) {
        const broken = [...frames.slice(0, at), errorEvent, ...frames.slice(at), ""].join("\n\n");
        const attempt = read(Buffer.from(broken));
        expect(attempt).toMatchObject({ ok: false, failure: { kind: "overloaded", retryable: true, statusCode: 200 } });
      }
    });

    it("is a failure to ask again after when an event in it is no JSON", () => {
      const attempt = read(Buffer.from(`data: {"half":\n\n${events}`));
      expect(attempt).toMatchObject({ ok: false, failure: { kind: "invalid_response", retryable: true } });
    });

    it("does not mind comments, unknown events and what follows its end", () => {
      const odd = events.replaceAll("data:", ': ping\n\nevent: news\ndata: {"type":"news"}\n\ndata:');
      const moved = events.startsWith("event:") ? events : odd;
      expect(bodyOf(read(Buffer.from(`: hello\n\n${moved}data: {"type":"more"}\n\ndata: no JSON\n\n`)))).toMatchObject(body);
    });
  });

  it("reads whatever stands in its events without throwing", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (values) => {
        const events = values.map((value) => `data: ${JSON.stringify(value)}\n\n`).join("");
        const attempt = readPieces(protocol, {}, [Buffer.from(events)]);
        expect(attempt.ok).toBe(false);
      }),
    );
  });
}

function isWithinCharacter(bytes: Uint8Array, at: number): boolean {
  return ((bytes[at] ?? 0) & 0xc0) === 0x80;
}

/** Before, within or after it. */
function isAtLineEnd(bytes: Uint8Array, at: number): boolean {
  return [bytes[at - 1], bytes[at]].some((byte) => byte === 0x0a || byte === 0x0d);
}

export function readPieces(protocol: Protocol, request: object, pieces: readonly Uint8Array[], interruption?: Attempt): Attempt {
  const options = { protocol, host: "test", timeoutMs: 1000, idleTimeoutMs: 1000, requestsPeriodMs: minuteMs };
  const reader = new ResponseReader({ ...options, redact: (text) => text });
  const reading = { requestBody: JSON.stringify(request), onEvent: undefined };
  const stream = reader.openStream(head, reading);
  if (stream === undefined) throw new Error("no stream");
  for (const piece of pieces) stream.push(Buffer.from(piece));
  return reader.readStream(head, stream, reading, interruption);
}

export function bodyOf(attempt: Attempt): unknown {
  return attempt.ok ? JSON.parse(attempt.response.body) : attempt.failure;
}

function withoutUsage(body: unknown): unknown {
  return typeof body === "object" ? { ...body, usage: undefined } : body;
}
