import { assert, boolean, constantFrom, integer, jsonValue, nat, property, record, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { packResult, unpackResult } from "../../../src/manager/queues/packed-result.ts";
import type { FailedResult, SucceededResult } from "../../../src/model/result.ts";

const plain = { noNullPrototype: true } as const;
const text = string({ unit: "grapheme" });
const line = {
  id: text,
  customId: string({ unit: constantFrom("\0", "\n", '"', "é", "😀", "\uD800") }),
  lineNumber: nat(),
  attempts: nat(),
  metadata: text,
};
const usage = record({ promptTokens: nat(), completionTokens: nat(), cachedTokens: nat(), reasoningTokens: nat() }, plain);
const body = jsonValue().map((value) => JSON.stringify(value, undefined, 1));

describe("a packed result", () => {
  it("comes back as it was: an answer", () => {
    const response = record({ statusCode: integer({ min: 200, max: 299 }), requestId: text, usage, body }, plain);
    const source = constantFrom<SucceededResult["source"][]>("asked", "cache", "shared");
    assert(
      property(
        record(
          { ...line, response, source },
          { ...plain, requiredKeys: ["id", "customId", "lineNumber", "attempts", "response", "source"] },
        ),
        (members) => {
          const result: SucceededResult = { status: "succeeded", ...members };
          expect(unpackResult(packResult(result))).toStrictEqual(result);
          expect(unpackResult(Buffer.from(packResult(result)).toString())).toStrictEqual(result); // as the spool does it
        },
      ),
    );
  });

  it("comes back as it was: a failure, with the error's body or without", () => {
    const response = record({ statusCode: nat(), requestId: text, body }, plain);
    const failure = record({ kind: constantFrom("network" as const), message: text, retryable: boolean() }, plain);
    assert(
      property(
        record(
          { ...line, response, failure },
          { ...plain, requiredKeys: ["id", "customId", "lineNumber", "attempts", "failure"] },
        ),
        (members) => {
          const result: FailedResult = { status: "failed", ...members };
          expect(unpackResult(packResult(result))).toStrictEqual(result);
        },
      ),
    );
  });

  it("keeps half a surrogate pair in a custom_id, which UTF-8 cannot", () => {
    const result: SucceededResult = {
      status: "succeeded",
      id: "batch_req_1",
      customId: '\uD800 "\\ \n',
      lineNumber: 1,
      response: {
        statusCode: 200,
        requestId: "",
        usage: { promptTokens: 1, completionTokens: 2, cachedTokens: 3, reasoningTokens: 4 },
        body: "{}",
      },
      source: "cache",
      attempts: 0,
    };
    expect(unpackResult(Buffer.from(packResult(result)).toString())).toStrictEqual(result);
  });
});
