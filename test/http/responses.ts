import * as fc from "fast-check";

/** A response as a server could send it, and what should be read from it. */
export interface SampleResponse {
  readonly bytes: Buffer;
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer;
}

const name = fc.stringMatching(/^x-[a-z\d!#$%&'*+.^_`|~-]{1,12}$/);
const value = fc.stringMatching(/^(?:[!-~](?:[ -~]{0,20}[!-~])?)?$/);
const body = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const space = fc.constantFrom("", " ", "\t", "  ");

const chunked = fc
  .tuple(
    fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 5 }),
    fc.constantFrom("", ";x=1", ';a="b"'),
    fc.boolean(),
  )
  .map(([chunks, extension, hasTrailer]) => ({
    body: Buffer.concat(chunks),
    wire: Buffer.concat([
      ...chunks.flatMap((chunk) => [
        Buffer.from(`${chunk.length.toString(16).toUpperCase()}${extension}\r\n`),
        Buffer.from(chunk),
        Buffer.from("\r\n"),
      ]),
      Buffer.from(`000\r\n${hasTrailer ? "x-trailer: 1\r\n" : ""}\r\n`),
    ]),
    field: ["transfer-encoding", "Chunked"] as const,
  }));

const measured = body.map((bytes) => ({ body: bytes, wire: bytes, field: ["content-length", String(bytes.length)] as const }));

/** Responses that end by themselves, so that others can follow on the same connection. */
export const sampleResponses: fc.Arbitrary<SampleResponse> = fc
  .record({
    statusCode: fc.constantFrom(200, 201, 400, 429, 500, 599),
    fields: fc.array(fc.tuple(name, value, space, space), { maxLength: 6 }),
    reason: fc.constantFrom("", " OK", " Too Many Requests", " caf\u00e9"),
    content: fc.oneof(chunked, measured),
    interim: fc.constantFrom("", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"),
  })
  .map(({ statusCode, fields, reason, content, interim }) => {
    const lines = fields.map(([key, text, before, after]) => `${key}:${before}${text}${after}\r\n`).join("");
    const [field, text] = content.field;
    const head = `${interim}HTTP/1.1 ${statusCode}${reason}\r\n${lines}${field.toUpperCase()}: ${text}\r\n\r\n`;
    const headers: Record<string, string | string[]> = { [field]: text };
    for (const [key, given] of fields) {
      const known = headers[key];
      headers[key] = known === undefined ? given : [known, given].flat();
    }
    return { bytes: Buffer.concat([Buffer.from(head, "latin1"), content.wire]), statusCode, headers, body: content.body };
  });
