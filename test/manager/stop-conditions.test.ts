import { describe, expect, it } from "vitest";
import { StopConditions } from "../../src/manager/stop-conditions.ts";
import type { FailureKind } from "../../src/model/failure.ts";
import type { BatchResult } from "../../src/model/result.ts";
import { noUsage } from "../../src/model/usage.ts";

const line = { id: "batch_req_1", customId: "a", lineNumber: 1 };

function failed(kind: FailureKind): BatchResult {
  return { status: "failed", ...line, failure: { kind, message: `it was ${kind}`, retryable: false }, attempts: 1 };
}

const succeeded: BatchResult = {
  status: "succeeded",
  ...line,
  answer: { statusCode: 200, requestId: "", body: "{}", usage: noUsage },
  source: "asked",
  attempts: 1,
};

describe("failures that all requests of a key or model share", () => {
  it.each(["authentication", "permission", "not_found"] as const)("stop the run after three %s in a row", (kind) => {
    const conditions = new StopConditions(undefined);
    expect(conditions.observe(failed(kind), "m")).toBeUndefined();
    expect(conditions.observe(failed(kind), "m")).toBeUndefined();
    expect(conditions.observe(failed(kind), "m")?.reason).toBe(kind);
  });

  it("stop the run at once when the quota is used up", () => {
    expect(new StopConditions(undefined).observe(failed("insufficient_quota"), "m")?.reason).toBe("insufficient_quota");
  });

  it("do not stop it while the same model answers others", () => {
    const conditions = new StopConditions(undefined);
    for (let round = 0; round < 10; round += 1) {
      expect(conditions.observe(failed("permission"), "m")).toBeUndefined();
      expect(conditions.observe(succeeded, "m")).toBeUndefined();
    }
  });

  it("are counted by model: another model's success does not excuse them", () => {
    const conditions = new StopConditions(undefined);
    const stops = [1, 2, 3].map(() => {
      conditions.observe(succeeded, "good");
      return conditions.observe(failed("not_found"), "bad")?.reason;
    });
    expect(stops).toEqual([undefined, undefined, "not_found"]);
  });
});

describe("--max-failures", () => {
  it("stops at the N-th failed line", () => {
    const conditions = new StopConditions({ count: 2 });
    expect(conditions.observe(failed("server_error"), "m")).toBeUndefined();
    expect(conditions.observe(failed("invalid_request"), "m")?.reason).toBe("max_failures");
  });

  it("takes a share only of enough lines to mean something", () => {
    const conditions = new StopConditions({ share: 0.1 });
    for (let count = 0; count < 9; count += 1) expect(conditions.observe(failed("timeout"), "m")).toBeUndefined();
    for (let count = 0; count < 90; count += 1) expect(conditions.observe(succeeded, "m")).toBeUndefined();
    expect(conditions.observe(failed("timeout"), "m")?.reason).toBe("max_failures");
  });

  it("does not count requests that were cancelled", () => {
    const conditions = new StopConditions({ count: 1 });
    expect(conditions.observe(failed("cancelled"), "m")).toBeUndefined();
  });
});
