import { array, assert, boolean, constantFrom, integer, jsonValue, nat, option, property, record, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { packResult, unpackResult } from "../../../src/manager/queues/packed-result.ts";
import { failedResult, succeededResult } from "../../../src/manager/results.ts";
import type { SucceededResult } from "../../../src/model/result.ts";

const plain = { noNullPrototype: true } as const;
const text = string({ unit: "grapheme" });
const customId = string({ unit: constantFrom("\0", "\n", '"', "é", "😀", "\uD800") });
const anyLine = record(
  {
    id: text,
    index: nat(),
    provider: option(text, { nil: undefined }),
    latencyMs: nat(),
    dropped: array(text),
    request: record(
      {
        kind: constantFrom("request" as const),
        path: constantFrom("/v1/chat/completions", "/v1/other"),
        model: text,
        body: constantFrom(""),
        customId,
        lineNumber: nat(),
        metadata: text,
      },
      { ...plain, requiredKeys: ["kind", "path", "model", "body", "customId", "lineNumber"] },
    ),
  },
  { ...plain, requiredKeys: ["id", "index", "provider", "latencyMs", "request"] },
);
const usage = record(
  { promptTokens: nat(), completionTokens: nat(), cachedTokens: nat(), cacheWriteTokens: nat(), reasoningTokens: nat() },
  plain,
);
const body = jsonValue().map((value) => JSON.stringify(value, undefined, 1));

describe("a packed result", () => {
  it("comes back as it was: an answer", () => {
    const anyResponse = record({ statusCode: integer({ min: 200, max: 299 }), requestId: text, usage, body }, plain);
    const anySource = constantFrom<SucceededResult["source"][]>("asked", "cache", "shared");
    assert(
      property(anyLine, anyResponse, anySource, nat(), (line, response, source, attempts) => {
        const result = succeededResult(line, response, source, attempts);
        expect(unpackResult(packResult(result))).toStrictEqual(result);
        expect(unpackResult(Buffer.from(packResult(result)).toString())).toStrictEqual(result); // as the spool does it
      }),
    );
  });

  it("comes back as it was: a failure, with the error's body or without", () => {
    const response = record({ statusCode: nat(), requestId: text, body }, plain);
    const failure = record({ kind: constantFrom("network" as const), message: text, retryable: boolean() }, plain);
    const anyOutcome = record({ response, failure }, { ...plain, requiredKeys: ["failure"] });
    assert(
      property(anyLine, anyOutcome, nat(), (line, outcome, attempts) => {
        const result = failedResult(line, outcome, attempts);
        expect(unpackResult(packResult(result))).toStrictEqual(result);
      }),
    );
  });

  it("still has its text, which is read from the body", () => {
    const request = {
      kind: "request",
      path: "/v1/chat/completions",
      model: "m",
      body: "",
      customId: '\uD800 "\\ \n', // half a surrogate pair, which UTF-8 cannot hold
      lineNumber: 1,
    } as const;
    const answer = '{"choices":[{"message":{"content":"Rhine"}}]}';
    const response = {
      statusCode: 200,
      requestId: "",
      usage: { promptTokens: 1, completionTokens: 2, cachedTokens: 3, cacheWriteTokens: 0, reasoningTokens: 4 },
      body: answer,
    };
    const result = succeededResult({ id: "batch_req_1", index: 0, request }, response, "cache", 0);
    const unpacked = unpackResult(Buffer.from(packResult(result)).toString());
    expect(unpacked).toStrictEqual(result);
    expect(unpacked.text).toBe("Rhine");
  });
});
