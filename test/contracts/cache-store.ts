import { assert, asyncProperty, constantFrom, double, integer, jsonValue, record, string } from "fast-check";
import { hash } from "node:crypto";
import { afterEach, beforeEach, expect, it } from "vitest";
import { noUsage } from "../support/usage.ts";
import type { CacheStore } from "../../src/caches/caches.ts";
import type { ModelResponse } from "../../src/model/attempt.ts";
import { CacheError } from "../../src/model/errors.ts";

export interface OpenOptions {
  readonly ttlMs?: number;
  readonly now?: () => number;
}

/** A store to open. `open` may be called again after the store was closed. */
export interface StoreHarness {
  /** Whether answers are found again after `close` and `open`. */
  readonly isLasting: boolean;
  /** How many answers it is given at once. Default: 10,000, far more than one statement of SQLite takes. */
  readonly manyAnswers?: number;
  readonly open: (options?: OpenOptions) => Promise<CacheStore>;
  readonly remove?: () => Promise<void>;
}

const bodies: Readonly<Record<string, string>> = {
  "numbers that no double holds": '{"a":9223372036854775807,"b":1.0,"c":1e2,"d":0.1000000000000000055511151231257827}',
  "escapes and control characters": String.raw`{"a":"\u0000\n\"\\\/\u2028\ud83d\ude00\ud800"}`,
  "characters of every plane": '{"a":"é ﷽ 😀 \u2028 \u007f","ключ":"値"}',
  "what ends a row": '{"a":"}}","b":{"c":{"body":{"body":{}}}}}',
  "what starts a body": String.raw`{"body":"x","y":",\"body\":","body":{"expires":1,"value":{}}}`,
  "strings that Keyv escapes": '{"a":":base64:AAAA",":b":":c"}',
  "duplicate keys and spaces": ' { "a" : 1 , "a" : 2 } ',
  "no object": '":"',
};

/** What every cache store promises. Call it in a `describe` of the store's name. */
export function itIsACacheStore(createHarness: () => Promise<StoreHarness>): void {
  let harness: StoreHarness;
  const opened: CacheStore[] = [];

  const open = async (options?: OpenOptions): Promise<CacheStore> => {
    const store = await harness.open(options);
    opened.push(store);
    return store;
  };

  beforeEach(async () => {
    harness = await createHarness();
  });

  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
    await harness.remove?.();
  });

  it("gives back the answer that was stored, and nothing for a key that was not", async () => {
    const store = await open();
    const answer = answerOf('{"text":"Hi"}', { statusCode: 201, requestId: "req_1" });
    await store.set(keyOf(1), answer);
    expect(await store.get(keyOf(1))).toStrictEqual(answer);
    expect(await store.get(keyOf(2))).toBeUndefined();
  });

  it("returns bodies byte for byte", async () => {
    const store = await open();
    for (const [what, body] of Object.entries(bodies)) {
      const answer = answerOf(body, { requestId: `:,"body":${body}` });
      await store.set(keyOf(1), answer);
      expect([what, await store.get(keyOf(1))]).toStrictEqual([what, answer]);
    }
  });

  it("returns whatever answer was stored", async () => {
    const store = await open();
    const unit = constantFrom("a", ":", '"', "\\", "{", "}", ",", "\u0000", "\n", "é", "\u2028", "😀", "body", "value");
    const answers = record({
      statusCode: integer({ min: 200, max: 299 }),
      requestId: string({ unit }),
      body: jsonValue({ stringUnit: unit }).map((value) => JSON.stringify(value)),
      usage: record(
        {
          promptTokens: integer({ min: 0 }),
          completionTokens: integer({ min: 0 }),
          cachedTokens: integer({ min: 0 }),
          cacheWriteTokens: integer({ min: 0 }),
          reasoningTokens: integer({ min: 0 }),
          billing: record(
            {
              inputAudioTokens: integer({ min: 0 }),
              outputAudioTokens: integer({ min: 0 }),
              cachedAudioTokens: integer({ min: 0 }),
              hourCacheWriteTokens: integer({ min: 0 }),
              tier: constantFrom("batch", "flex", "priority"),
              reportedCostUsd: double({ min: 0, max: 1e6, noNaN: true }).map((usd) => usd + 0), // JSON has no -0
            },
            { requiredKeys: [] },
          ),
        },
        { requiredKeys: ["promptTokens", "completionTokens", "cachedTokens", "cacheWriteTokens", "reasoningTokens"] },
      ),
    });
    await assert(
      asyncProperty(answers, async (answer) => {
        await store.set(keyOf(1), answer);
        expect(await store.get(keyOf(1))).toEqual(answer);
      }),
      { numRuns: 50 },
    );
  });

  it("keeps an answer of several megabytes", async () => {
    const store = await open();
    const answer = answerOf(JSON.stringify({ text: 'é"'.repeat(1_000_000) }));
    await store.set(keyOf(1), answer);
    expect((await store.get(keyOf(1)))?.body === answer.body).toBe(true);
  });

  it("finds the answer stored last", async () => {
    const store = await open();
    for (const body of ['{"version":1}', '{"version":2}']) {
      await store.set(keyOf(1), answerOf(body));
      expect((await store.get(keyOf(1)))?.body).toBe(body);
    }
  });

  it("keeps one of the answers that are stored for one key at the same time", async () => {
    const store = await open();
    const atOnce = Array.from({ length: 50 }, (_, n) => `{"n":${n}}`);
    await Promise.all(
      atOnce.map(async (body, n) => {
        if (n % 3 === 0) await new Promise(setImmediate);
        await store.set(keyOf(1), answerOf(body));
      }),
    );
    expect(atOnce).toContain((await store.get(keyOf(1)))?.body);
  });

  it("finds an answer from the moment its set resolves, while other gets and sets go on", async () => {
    const store = await open();
    const work = Array.from({ length: 300 }, async (_, n) => {
      const early = store.get(keyOf(n));
      await store.set(keyOf(n), answerOf(`{"n":${n}}`));
      const found = await Promise.all([store.get(keyOf(n)), store.get(keyOf(n)), store.get(keyOf(n + 1000))]);
      expect(found.map((answer) => answer?.body)).toEqual([`{"n":${n}}`, `{"n":${n}}`, undefined]);
      await early;
    });
    await Promise.all(work);
  });

  it("takes thousands of answers at once and finds each of them", async () => {
    const store = await open();
    const numbers = Array.from({ length: harness.manyAnswers ?? 10_000 }, (_, n) => n);
    await Promise.all(numbers.map((n) => store.set(keyOf(n), answerOf(`{"n":${n}}`))));
    const found = await Promise.all(numbers.map((n) => store.get(keyOf(n))));
    expect(found.filter((answer, n) => answer?.body !== `{"n":${n}}`)).toEqual([]);
  });

  it("finds many at once as it finds one, if it can do that", async ({ skip }) => {
    const store = await open();
    if (store.getMany === undefined) return skip();
    const numbers = Array.from({ length: 3_000 }, (_, n) => n);
    await Promise.all(numbers.filter(isNoMultipleOf3).map((n) => store.set(keyOf(n), answerOf(`{"n":${n}}`))));
    const found: (string | undefined)[] = [];
    while (found.length < numbers.length) {
      const answers = await store.getMany(numbers.slice(found.length).map(keyOf));
      expect(answers.length).toBeGreaterThan(0);
      found.push(...answers.map((answer) => answer?.body));
    }
    expect(found).toEqual(numbers.map((n) => (isNoMultipleOf3(n) ? `{"n":${n}}` : undefined)));
    await store.close();
    await expect(store.getMany([keyOf(1)])).rejects.toThrow(CacheError);
  });

  it("knows since when it has an answer, if it can tell", async ({ skip }) => {
    const store = await open({ now: () => 1_700_000_000_000 });
    if (store.getStored === undefined) skip();
    await store.set(keyOf(1), answerOf("{}"));
    expect(await store.getStored?.(keyOf(1))).toMatchObject({ response: answerOf("{}"), storedAt: 1_700_000_000_000 });
    expect(await store.getStored?.(keyOf(2))).toBeUndefined();
  });

  it("forgets an answer when its time is over, not before", async () => {
    let now = Date.now();
    const store = await open({ ttlMs: 60_000, now: () => now });
    await store.set(keyOf(1), answerOf("{}"));
    now += 59_999;
    expect(await store.get(keyOf(1))).toBeDefined();
    await store.set(keyOf(2), answerOf("{}"));
    now += 1;
    expect(await store.get(keyOf(1))).toBeUndefined();
    expect(await store.get(keyOf(2))).toBeDefined();
    await store.set(keyOf(1), answerOf("{}"));
    expect(await store.get(keyOf(1))).toBeDefined();
  });

  it("finishes what is in flight before it closes", async () => {
    const store = await open();
    let stored = 0;
    const sets = Array.from({ length: 200 }, async (_, n) => {
      await store.set(keyOf(n), answerOf(`{"n":${n}}`));
      stored += 1;
    });
    const get = store.get(keyOf(-1));
    await store.close();
    await Promise.all([...sets, get]);
    expect(stored).toBe(200);
    if (!harness.isLasting) return;
    const reopened = await open();
    const found = await Promise.all(sets.map((_, n) => reopened.get(keyOf(n))));
    expect(found.filter((answer, n) => answer?.body !== `{"n":${n}}`)).toEqual([]);
  });

  it("closes twice without complaint, and fails what is asked later because it is closed", async () => {
    const store = await open();
    await Promise.all([store.close(), store.close()]);
    await store.close();
    await expect(store.get(keyOf(1))).rejects.toThrow(CacheError);
    await expect(store.set(keyOf(1), answerOf("{}"))).rejects.toThrow(/closed/);
  });
}

export function keyOf(n: number): string {
  return hash("sha256", String(n), "base64url");
}

export function answerOf(body: string, more: Partial<ModelResponse> = {}): ModelResponse {
  return { statusCode: 200, requestId: "", body, usage: noUsage, ...more };
}

function isNoMultipleOf3(n: number): boolean {
  return n % 3 !== 0;
}
