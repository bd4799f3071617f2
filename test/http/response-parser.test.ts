import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HttpError } from "../../src/http/http-client.ts";
import { ResponseParser } from "../../src/http/response-parser.ts";
import { type SampleResponse, sampleResponses } from "./responses.ts";

interface Read {
  readonly statusCode: number;
  readonly headers: object;
  readonly body: Buffer;
}

/** Reads the way a connection does; pieces come in one buffer that is written over. */
function readAll(pieces: readonly Uint8Array[], maxBodyBytes = 1_000_000): Read[] {
  const read: Read[] = [];
  let chunks: Buffer[] = [];
  const parser = new ResponseParser(
    { onHead: () => (chunks = []), onData: (bytes) => chunks.push(Buffer.from(bytes)) },
    maxBodyBytes,
  );
  const buffer = Buffer.alloc(65_536);
  for (const piece of pieces) {
    buffer.set(piece);
    for (let at = 0; at < piece.length;) {
      at += parser.push(buffer.subarray(at, piece.length));
      if (!parser.isComplete || parser.head === undefined) continue;
      read.push({ statusCode: parser.head.statusCode, headers: { ...parser.head.headers }, body: Buffer.concat(chunks) });
    }
    buffer.fill(0);
  }
  return read;
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end)).filter(({ length }) => length > 0);
}

function codeOf(text: string, maxBodyBytes?: number): string | undefined {
  try {
    readAll([Buffer.from(text, "latin1")], maxBodyBytes);
    return undefined;
  } catch (error) {
    return error instanceof HttpError ? error.code : String(error);
  }
}

function shown({ statusCode, headers, body }: Read | SampleResponse): object {
  return { statusCode, headers, body: body.toString("hex") };
}

describe("responses", () => {
  it("are read alike in whatever pieces they come, one after the other", () => {
    const several = fc.array(sampleResponses, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(several, fc.array(fc.nat(), { maxLength: 12 }), (sent, places) => {
        const read = readAll(cut(Buffer.concat(sent.map(({ bytes }) => bytes)), places));
        expect(read.map(shown)).toEqual(sent.map(shown));
      }),
    );
  });

  it("are read byte by byte", () => {
    fc.assert(
      fc.property(sampleResponses, (sent) => {
        expect(readAll([...sent.bytes].map((byte) => Buffer.from([byte]))).map(shown)).toEqual([shown(sent)]);
      }),
      { numRuns: 30 },
    );
  });

  it("tell whether a body ends with what came, where it says how long it is", () => {
    const last: boolean[] = [];
    const parser = new ResponseParser({ onHead: () => {}, onData: (_bytes, isLast) => last.push(isLast) }, 100);
    parser.push(Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab"));
    parser.push(Buffer.from("cde"));
    expect(last).toEqual([false, true]);
  });

  it("end with the connection where nothing else ends them, and only there", () => {
    const whole = new ResponseParser({ onHead: () => {}, onData: () => {} }, 100);
    whole.push(Buffer.from("HTTP/1.0 200 OK\r\n\r\nab"));
    whole.end();
    expect(whole.isComplete).toBe(true);
    for (const text of ["HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab", "HTTP/1.1 200", "", "HTTP/1.1 100 \r\n\r\n"]) {
      const cutOff = new ResponseParser({ onHead: () => {}, onData: () => {} }, 100);
      cutOff.push(Buffer.from(text));
      expect(() => cutOff.end()).toThrow("ERR_CLOSED_EARLY");
    }
  });

  it.each([204, 304])("have no body with status %i, whatever they say", (status) => {
    const text = `HTTP/1.1 ${status} \r\ncontent-length: 5\r\n\r\nHTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n`;
    expect(readAll([Buffer.from(text)]).map(({ statusCode }) => statusCode)).toEqual([status, 200]);
  });

  it("may fold a field over lines, as old servers do", () => {
    const [read] = readAll([Buffer.from("HTTP/1.1 200 OK\r\nx: a\r\n\t b\r\ncontent-length: 0\r\n\r\n")]);
    expect(read?.headers).toMatchObject({ x: "a b" });
  });

  it("have the fields that they have, however many names came before", () => {
    const names = Array.from({ length: 600 }, (_, number) => `X-Name-${number}`);
    for (let round = 0; round < 2; round += 1) {
      const read = readAll(names.map((name) => Buffer.from(`HTTP/1.1 200 OK\r\n${name}: ${name}!\r\nContent-Length: 0\r\n\r\n`)));
      expect(read.map(({ headers }) => headers)).toEqual(
        names.map((name) => ({ [name.toLowerCase()]: `${name}!`, "content-length": "0" })),
      );
    }
  });

  it("make nothing of a field named __proto__ but a field", () => {
    const [read] = readAll([Buffer.from("HTTP/1.1 200 OK\r\n__proto__: a\r\n__proto__: b\r\ncontent-length: 0\r\n\r\n")]);
    expect(Object.getPrototypeOf(read?.headers)).toBe(Object.prototype);
    expect(Object.entries(read?.headers ?? {})).toContainEqual(["__proto__", ["a", "b"]]);
  });
});

describe("bytes that are no response", () => {
  const ok = "HTTP/1.1 200 OK\r\n";
  it.each([
    ["another protocol", "SSH-2.0-OpenSSH_9.6\r\n", "ERR_NOT_HTTP"],
    ["another protocol, before its line has ended", "SSH", "ERR_NOT_HTTP"],
    ["another version", "HTTP/2.0 200 OK\r\n\r\n", "ERR_NOT_HTTP"],
    ["no status", "HTTP/1.1 OK\r\n\r\n", "ERR_NOT_HTTP"],
    ["nothing but an empty line", "\r\n\r\n", "ERR_NOT_HTTP"],
    ["a switch of protocols", "HTTP/1.1 101 Switching\r\n\r\n", "ERR_NOT_HTTP"],
    ["a line without a colon", `${ok}garbage\r\n\r\n`, "ERR_NOT_HTTP"],
    ["a space before the colon", `${ok}content-length : 5\r\n\r\n`, "ERR_NOT_HTTP"],
    ["a field without a name", `${ok}: 5\r\n\r\n`, "ERR_NOT_HTTP"],
    ["a length below nothing", `${ok}content-length: -1\r\n\r\n`, "ERR_NOT_HTTP"],
    ["a length in hexadecimal", `${ok}content-length: 0x5\r\n\r\n`, "ERR_NOT_HTTP"],
    ["an endless length", `${ok}content-length: ${"9".repeat(30)}\r\n\r\n`, "ERR_NOT_HTTP"],
    ["two lengths", `${ok}content-length: 5\r\ncontent-length: 6\r\n\r\n`, "ERR_NOT_HTTP"],
    ["two lengths in one", `${ok}content-length: 5, 6\r\n\r\n`, "ERR_NOT_HTTP"],
    ["a transfer-encoding nobody asked for", `${ok}transfer-encoding: gzip, chunked\r\n\r\n`, "ERR_TRANSFER_ENCODING"],
    ["headers without end", `${ok}x: ${"y".repeat(20_000)}`, "ERR_HEADERS_TOO_LONG"],
    ["headers with a late end", `${ok}x: ${"y".repeat(20_000)}\r\n\r\n`, "ERR_HEADERS_TOO_LONG"],
    ["a size that is none", `${ok}transfer-encoding: chunked\r\n\r\nxyz\r\n`, "ERR_BODY_BROKEN"],
    ["a size below nothing", `${ok}transfer-encoding: chunked\r\n\r\n-1\r\n`, "ERR_BODY_BROKEN"],
    ["a chunk longer than its size", `${ok}transfer-encoding: chunked\r\n\r\n1\r\nabc\r\n`, "ERR_BODY_BROKEN"],
    ["a size without a carriage return", `${ok}transfer-encoding: chunked\r\n\r\n1\nabc\r\n`, "ERR_BODY_BROKEN"],
    ["a size line without end", `${ok}transfer-encoding: chunked\r\n\r\n1;${"x".repeat(5000)}`, "ERR_BODY_BROKEN"],
    ["trailers without end", `${ok}transfer-encoding: chunked\r\n\r\n0\r\n${"x: y\r\n".repeat(5000)}`, "ERR_BODY_BROKEN"],
    ["nothing wrong", `${ok}content-length: 5, 5\r\ncontent-length: 5\r\n\r\nabcde`, undefined],
  ])("%s", (_name, text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  it.each([
    ["content-length: 11\r\n\r\n", "in a length"],
    ["\r\n12345678901", "without a length"],
    ["transfer-encoding: chunked\r\n\r\n6\r\n123456\r\n6\r\n123456\r\n", "in chunks"],
  ])("a body longer than wanted: %j", (rest) => {
    expect(codeOf(`HTTP/1.1 200 OK\r\n${rest}`, 10)).toBe("ERR_BODY_TOO_LONG");
  });

  it("never read as more than it is, nor break the reader", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("\r", "\n", ":", " ", "H", "1", ";", "\t", "content-length", "HTTP/1.1 200 ") }),
        (text) => {
          expect(codeOf(text)).toSatisfy((code: string | undefined) => code === undefined || code.startsWith("ERR_"));
        },
      ),
    );
  });
});
