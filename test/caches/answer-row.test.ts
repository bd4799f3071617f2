import { assert, integer, json, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import type { Answer } from "../../src/model/attempt.ts";
import { readRow, rowTexts } from "../../src/caches/answer-row.ts";
import { answerOf } from "../contracts/cache-store.ts";

function writeRow(answer: Answer, storedAt: number, ttlMs: number | undefined): string {
  return rowTexts(answer, storedAt, ttlMs).join("");
}

const row = writeRow(answerOf('{"text":"Hi, you","body":1}', { requestId: "req_1" }), 1000, 500);

describe("a row of the disk cache", () => {
  it("is JSON of the form that Keyv reads", () => {
    expect(JSON.parse(row)).toMatchObject({
      expires: 1500,
      value: { storedAt: 1000, statusCode: 200, requestId: "req_1", body: { text: "Hi, you", body: 1 } },
    });
    expect(JSON.parse(writeRow(answerOf("{}"), 1000, undefined))).not.toHaveProperty("expires");
  });

  it("is read back whatever the request's id is, and in whatever order the usage's members stand", () => {
    const usage = { reasoningTokens: 4, cachedTokens: 3, completionTokens: 2, promptTokens: 1 };
    assert(
      property(string(), (requestId) => {
        const answer = { ...answerOf("[1]", { requestId }), usage };
        expect(readRow(writeRow(answer, 1000, undefined), 1000, undefined)).toEqual(answer);
      }),
    );
  });

  it("never throws, however much somebody else has put in its head", () => {
    const [before, after] = row.split("req_1");
    for (const part of ["\\\\", '\\"', "x", '"'])
      expect(() => readRow(`${before}${part.repeat(10_000_000)}${after}`, 1000, undefined)).not.toThrow();
  });

  it("expires by the time it was stored with, and by the reader's", () => {
    expect(readRow(row, 1499, undefined)).toBeDefined();
    expect(readRow(row, 1500, undefined)).toBeUndefined();
    expect(readRow(row, 1100, 101)).toBeDefined();
    expect(readRow(row, 1100, 100)).toBeUndefined();
    expect(readRow(row, 1500, 10_000)).toBeUndefined();
  });

  it("counts as missing when it was cut anywhere or goes on", () => {
    for (let length = 0; length < row.length; length += 1) expect(readRow(row.slice(0, length), 1000, undefined)).toBeUndefined();
    expect(readRow(`${row}}}`, 1000, undefined)).toBeUndefined();
    expect(readRow(`${row.slice(0, -1)}]`, 1000, undefined)).toBeUndefined();
    expect(readRow(row, 1000, undefined)).toBeDefined();
  });

  it.each(['"x"', "null", "-1", "1.5", "[]", "{}", "true", "1e999"])(
    "counts as missing when a figure in its head is %s",
    (strange) => {
      const figures = [...row.slice(row.indexOf('"value":'), row.indexOf(',"body":')).matchAll(/(?<=":)\d+/g)].map(
        ([figure]) => figure,
      );
      expect(figures).toHaveLength(7);
      const readable = [...row.matchAll(/(?<="\w+":)\d+(?=[^"])/g)]
        .slice(1, 8)
        .map(({ index, 0: figure }) => row.slice(0, index) + strange + row.slice(index + figure.length))
        .filter((changed) => readRow(changed, 1000, undefined) !== undefined);
      expect(readable).toEqual([]);
    },
  );

  it("never throws, whatever somebody else has put there", () => {
    assert(property(string(), (text) => readRow(text, 0, undefined) === undefined));
    assert(property(json(), (text) => readRow(`{"value":${text}}`, 0, undefined) === undefined));
    assert(
      property(json(), json(), (head, body) => readRow(`${head.slice(0, -2)},"body":${body}}}`, 0, undefined) === undefined),
    );
    assert(
      property(integer({ min: 0, max: row.length }), string(), (at, text) => {
        readRow(row.slice(0, at) + text + row.slice(at + text.length), 1000, undefined);
      }),
    );
    for (const value of [undefined, null, 5, Buffer.from(row)]) expect(readRow(value, 0, undefined)).toBeUndefined();
  });
});
