import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { attemptOf, type FieldAnswer, packAnswers, readAnswers } from "../../../src/fleet/wire/answer.ts";
import { noSeal } from "../../../src/fleet/wire/seal.ts";
import { RequestManager } from "../../../src/manager/manager.ts";
import type { Attempt } from "../../../src/model/attempt.ts";
import { failureKinds } from "../../../src/model/failure.ts";
import { noUsage } from "../../../src/model/usage.ts";
import { createHttpProvider } from "../../../src/providers/providers.ts";
import { serve } from "../../support/closing.ts";
import { errorAnswer } from "../../support/scripted-server.ts";
import { others, sealed, seals } from "./seals.ts";

const text = fc.string({ unit: "grapheme", maxLength: 40 });
const amount = fc.double({ min: 0, max: 1e9, noNaN: true }).map((value) => value + 0); // -0 is no amount
/** JSON over several lines, and texts outside ASCII, too. */
const body = fc.oneof(
  fc.json({ stringUnit: "grapheme" }),
  text.map((part) => `{\n${JSON.stringify(part)}\n}`),
);
const response = { statusCode: fc.integer({ min: 200, max: 599 }), requestId: text, body };
const kind = fc.constantFrom(...failureKinds);
const tokens = {
  promptTokens: fc.nat(),
  completionTokens: fc.nat(),
  cachedTokens: fc.nat(),
  cacheWriteTokens: fc.nat(),
  reasoningTokens: fc.nat(),
};

const billing = fc.record(
  {
    inputAudioTokens: fc.nat(),
    outputAudioTokens: fc.nat(),
    cachedAudioTokens: fc.nat(),
    hourCacheWriteTokens: fc.nat(),
    tier: fc.constantFrom("batch" as const, "flex" as const, "priority" as const),
    reportedCostUsd: amount,
  },
  { requiredKeys: [] },
);

const usage = fc.oneof(fc.record(tokens), fc.record({ ...tokens, billing }));
const calls = fc.record(
  { count: fc.integer({ min: 1, max: 9 }), latencyMs: amount, usage },
  { requiredKeys: ["count", "latencyMs"] },
);

const succeeded: fc.Arbitrary<Attempt> = fc.record({
  ok: fc.constant(true as const),
  response: fc.record({ ...response, usage }),
  calls,
});

const tried = fc.record(
  { provider: text, kind, message: text, statusCode: fc.nat() },
  { requiredKeys: ["provider", "kind", "message"] },
);

const failed: fc.Arbitrary<Attempt> = fc.record(
  {
    ok: fc.constant(false as const),
    failure: fc.record(
      {
        kind,
        message: text,
        retryable: fc.constant(false),
        statusCode: fc.nat(),
        providersTried: fc.array(tried, { maxLength: 3 }),
        isForAll: fc.constant(true as const),
      },
      { requiredKeys: ["kind", "message", "retryable"] },
    ),
    response: fc.record(response),
    calls,
  },
  { requiredKeys: ["ok", "failure", "calls"] },
);

const answer: fc.Arbitrary<FieldAnswer> = fc.record({ field: text, attempt: fc.oneof(succeeded, failed) });

describe.each(seals)("answers, %s", (_, seal) => {
  it("come as they were sent, whatever came of their lines", () => {
    fc.assert(
      fc.property(fc.array(answer, { maxLength: 5 }), (answers) => {
        expect(readAnswers(packAnswers(answers, seal), seal)).toEqual(answers);
      }),
    );
  });
});

describe("answers that are not understood", () => {
  const attempt: Attempt = {
    ok: true,
    response: { statusCode: 200, requestId: "", body: '{"text":"a secret of the prompt"}', usage: noUsage },
    calls: { count: 1, latencyMs: 1 },
  };
  const packed = packAnswers([{ field: "a", attempt }], noSeal);

  it("are closed with another secret, or with none where there is one, or the other way round", () => {
    const hidden = packAnswers([{ field: "a", attempt }], sealed);
    expect(hidden).not.toContain("secret");
    for (const seal of [...others, noSeal]) expect(() => readAnswers(hidden, seal)).toThrow(Error);
    expect(() => readAnswers(packed, sealed)).toThrow(Error);
  });

  it("lack something, or have too much", () => {
    const short = packed.indexOf("\n");
    for (const end of [0, 1, short - 1, short, short + 1, packed.length - 1])
      expect(() => readAnswers(packed.slice(0, end), noSeal), `${end} characters`).toThrow(Error);
    expect(() => readAnswers(`${packed} `, noSeal)).toThrow(Error);
  });

  it.each([
    [
      "a kind of failure that there is not",
      { ok: false, failure: { kind: "new", message: "", retryable: false }, calls: attempt.calls },
    ],
    ["no calls", { ...attempt, calls: undefined }],
    ["no usage", { ...attempt, response: { ...attempt.response, usage: undefined } }],
  ])("have %s", (_, other) => {
    const row = ["a", 0, other];
    expect(() => readAnswers(`${JSON.stringify([row])}\n`, noSeal)).toThrow(Error);
  });
});

test("the answer of a worker is final, and stands for all its calls", async () => {
  const server = await serve(() => errorAnswer(500));
  const provider = createHttpProvider({ name: "here", baseUrl: server.url });
  const manager = new RequestManager({ provider, model: "m", retry: { maxRetries: 2, retryDelayMs: 0 } });
  const [result] = await manager.processBatch(["Hi"]);
  await manager.close();
  if (result === undefined) throw new Error("a request has a result");
  expect(attemptOf(result, undefined)).toEqual({
    ok: false,
    failure: { kind: "server_error", message: "HTTP 500: error 500 (after 3 attempts)", retryable: false, statusCode: 500 },
    response: { statusCode: 500, requestId: "", body: expect.stringContaining("error 500") },
    calls: { count: 3, latencyMs: result.latencyMs },
  });
});
