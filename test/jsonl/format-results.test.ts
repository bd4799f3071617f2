import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { noUsage } from "../support/usage.ts";
import { formatResult } from "../../src/jsonl/format-results.ts";
import type { LineResult, FailedLine, SucceededLine } from "../../src/model/result.ts";
import { arbitraryStyle, arbitraryText, arbitraryTree, writeJson } from "../json/arbitrary-json.ts";

const succeeded: SucceededLine = {
  status: "succeeded",
  id: "batch_req_1",
  customId: "a",
  lineNumber: 1,
  source: "asked",
  attempts: 2,
  response: { statusCode: 200, requestId: "req_1", body: '{"id": "chatcmpl-1","n":1.0}', usage: noUsage },
};

const failed: FailedLine = {
  status: "failed",
  id: "batch_req_2",
  customId: "b",
  lineNumber: 2,
  attempts: 6,
  failure: { kind: "timeout", message: "no answer within 600 s", retryable: true },
};

describe("an output line", () => {
  test("of an answer", () => {
    expect(formatResult(succeeded)).toBe(
      '{"id":"batch_req_1","custom_id":"a","response":{"status_code":200,"request_id":"req_1","body":{"id": "chatcmpl-1","n":1.0}},"error":null}\n',
    );
  });

  test("of a refusal keeps what the server sent", () => {
    const answer = { statusCode: 400, requestId: "", body: '{"error":{"message":"no"}}' };
    const failure = { kind: "invalid_request", message: "no", retryable: false, statusCode: 400 } as const;
    expect(formatResult({ ...failed, attempts: 1, failure, response: answer })).toBe(
      '{"id":"batch_req_2","custom_id":"b","response":{"status_code":400,"request_id":"","body":{"error":{"message":"no"}}},"error":{"code":"invalid_request","message":"no","attempts":1}}\n',
    );
  });

  test("of a request that was changed says how, with what else is said of it", () => {
    const dropped = ["messages[1]", "temperature"];
    expect(formatResult({ ...succeeded, dropped, metadata: "7" })).toMatch(
      /"error":null,"metadata":7,"llmbatch":\{"dropped":\["messages\[1\]","temperature"\]\}\}\n$/,
    );
    expect(formatResult({ ...failed, dropped })).toMatch(/"attempts":6\},"llmbatch":\{"dropped":\[/);
    expect(formatResult({ ...succeeded, dropped }, { annotate: true })).toMatch(
      /,"cost_usd":null,"dropped":\["messages\[1\]","temperature"\]\}\}\n$/,
    );
    expect(formatResult(succeeded, { annotate: true })).not.toContain("dropped");
  });

  test("of a request that no server answered", () => {
    expect(formatResult(failed)).toBe(
      '{"id":"batch_req_2","custom_id":"b","response":null,"error":{"code":"timeout","message":"no answer within 600 s","attempts":6}}\n',
    );
  });

  test("counts no attempts for a line that was never sent", () => {
    const failure = { kind: "invalid_line", message: "not JSON", retryable: false } as const;
    expect(formatResult({ ...failed, attempts: 0, failure })).toContain(
      '"error":{"code":"invalid_line","message":"not JSON","attempts":0}',
    );
  });

  test("has the metadata last, as written", () => {
    expect(formatResult({ ...succeeded, metadata: '{"row": 1.0}' })).toMatch(/,"error":null,"metadata":\{"row": 1.0\}\}\n$/);
    expect(formatResult({ ...failed, metadata: "null" })).toMatch(/"attempts":6\},"metadata":null\}\n$/);
  });

  test("does not vary with where the answer came from", () => {
    const recalled: LineResult = { ...succeeded, source: "cache", attempts: 0, lineNumber: 9 };
    expect(formatResult(recalled)).toBe(formatResult(succeeded));
  });

  test("is one line of JSON in UTF-8, whatever stands in it", () => {
    const text = arbitraryText.map((odd) => `${odd}\uD800\r\n"\\`);
    fc.assert(
      fc.property(text, text, arbitraryTree, arbitraryStyle, (customId, message, body, style) => {
        const bodyText = writeJson(body, style).trim().replaceAll("\r", " ");
        const answer = { statusCode: 500, requestId: message, body: bodyText };
        const failure = { kind: "server_error", message, retryable: true } as const;
        const line = formatResult({ ...failed, customId, failure, response: answer, metadata: bodyText });
        expect(line).not.toMatch(/[\r\n](?!$)/);
        expect(JSON.parse(Buffer.from(line).toString())).toEqual({
          id: "batch_req_2",
          custom_id: customId,
          response: { status_code: 500, request_id: message, body: JSON.parse(bodyText) },
          error: { code: "server_error", message, attempts: 6 },
          metadata: JSON.parse(bodyText),
        });
        expect(line).toContain(`"body":${bodyText}`);
      }),
    );
  });
});
