import { assert, integer, json, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { readRow, writeRow } from "../../../src/caches/disk/answer-row.ts";
import { answerOf, keyOf } from "../../contracts/cache-store.ts";

const key = keyOf(1);
const answer = answerOf('{"text":"Hi, you","body":1}', { requestId: "req_1" });
const row = writeRow(key, answer, 1000, 500);

describe("a row of the disk cache", () => {
  it("is JSON of the form that Keyv reads", () => {
    expect(JSON.parse(row)).toMatchObject({
      expires: 1500,
      value: { storedAt: 1000, statusCode: 200, requestId: "req_1", body: { text: "Hi, you", body: 1 } },
    });
    expect(JSON.parse(writeRow(key, answer, 1000, undefined))).not.toHaveProperty("expires");
  });

  it("is read back whatever the request's id is", () => {
    expect(readRow(key, row)).toEqual({ response: answer, storedAt: 1000, expires: 1500 });
    assert(
      property(string(), (requestId) => {
        const stored = { ...answer, requestId };
        expect(readRow(key, writeRow(key, stored, 1000, undefined))).toEqual({
          response: stored,
          storedAt: 1000,
          expires: undefined,
        });
      }),
    );
  });

  it("counts as damaged when any bit of it was flipped", () => {
    const bytes = Buffer.from(row);
    const readable = [...bytes.keys()].filter((at) => {
      for (let bit = 1; bit < 256; bit *= 2) {
        const flipped = Buffer.from(bytes);
        flipped.writeUInt8(bytes.readUInt8(at) ^ bit, at);
        if (readRow(key, flipped.toString()) !== undefined) return true;
      }
      return false;
    });
    expect(readable).toEqual([]);
  });

  it("counts as damaged when it was cut anywhere, goes on, or stands under another key", () => {
    for (let length = 0; length < row.length; length += 1) expect(readRow(key, row.slice(0, length))).toBeUndefined();
    for (const tail of ["}}", " ", "}"]) expect(readRow(key, row + tail)).toBeUndefined();
    expect(readRow(keyOf(2), row)).toBeUndefined();
  });

  it("never throws, whatever something else has put there", () => {
    assert(property(string(), (text) => readRow(key, text) === undefined));
    assert(property(json(), (text) => readRow(key, `{"value":${text}}`) === undefined));
    assert(property(json(), json(), (head, body) => readRow(key, `${head.slice(0, -2)},"body":${body}}}`) === undefined));
    assert(
      property(integer({ min: 0, max: row.length }), string({ minLength: 1 }), (at, text) => {
        const changed = row.slice(0, at) + text + row.slice(at + text.length);
        return changed === row || readRow(key, changed) === undefined;
      }),
    );
    for (const value of [undefined, null, 5, Buffer.from(row)]) expect(readRow(key, value)).toBeUndefined();
  });
});
