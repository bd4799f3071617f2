import * as fc from "fast-check";
import { chatAnswer } from "../../support/replies.ts";

/** A response as a server could send it, and what should be read from it. */
export interface SampleResponse {
  readonly bytes: Buffer;
  readonly statusCode: number;
  readonly requestId: string;
  readonly body: string;
}

const name = fc.stringMatching(/^x-[a-z\d!#$%&'*+.^_`|~-]{1,12}$/);
const value = fc.stringMatching(/^(?:[!-~](?:[ -~]{0,20}[!-~])?)?$/);
const space = fc.constantFrom("", " ", "\t", "  ");
const body = fc
  .string({ unit: "grapheme", maxLength: 60 })
  .map((content) => Buffer.from(JSON.stringify(chatAnswer(content).body)));

interface Content {
  readonly body: Buffer;
  readonly wire: Buffer;
  readonly field: string;
}

const measured = body.map((bytes): Content => ({ body: bytes, wire: bytes, field: `Content-Length: ${bytes.length}` }));

const chunked = fc
  .tuple(body, fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), fc.constantFrom("", ";x=1", ';a="b"'), fc.boolean())
  .map(([bytes, sizes, extension, hasTrailer]): Content => {
    const wire: Buffer[] = [];
    for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
      const chunk = bytes.subarray(at, at + (sizes[turn % sizes.length] ?? 1));
      wire.push(Buffer.from(`${chunk.length.toString(16).toUpperCase()}${extension}\r\n`), chunk, Buffer.from("\r\n"));
      at += chunk.length;
    }
    wire.push(Buffer.from(`000\r\n${hasTrailer ? "x-trailer: 1\r\n" : ""}\r\n`));
    return { body: bytes, wire: Buffer.concat(wire), field: "transfer-encoding: Chunked" };
  });

const continueText = "HTTP/1.1 100 Continue\r\n\r\n";
const hints = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n";

/** Responses that end by themselves, so that others can follow on the same connection. */
export const sampleResponses: fc.Arbitrary<SampleResponse> = fc
  .record({
    statusCode: fc.constantFrom(200, 201, 226),
    fields: fc.array(fc.tuple(name, value, space, space), { maxLength: 6 }),
    requestId: fc.stringMatching(/^[\w-]{1,20}$/),
    reason: fc.constantFrom("", " OK", " Too Many Requests", " caf\u00e9"),
    content: fc.oneof(chunked, measured),
    interim: fc.constantFrom("", continueText, hints, continueText + continueText + hints, hints + continueText),
  })
  .map(({ statusCode, fields, requestId, reason, content, interim }) => {
    const lines = [...fields, ["X-Request-Id", requestId, " ", ""]].map(
      ([key, text, before, after]) => `${key}:${before}${text}${after}\r\n`,
    );
    const head = `${interim}HTTP/1.1 ${statusCode}${reason || " "}\r\n${lines.join("")}${content.field}\r\n\r\n`;
    return {
      bytes: Buffer.concat([Buffer.from(head, "latin1"), content.wire]),
      statusCode,
      requestId,
      body: content.body.toString(),
    };
  });
