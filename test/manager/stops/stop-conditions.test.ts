import { describe, expect, it } from "vitest";
import { noUsage } from "../../support/usage.ts";
import { StopConditions } from "../../../src/manager/stops/stop-conditions.ts";
import type { FailureKind } from "../../../src/model/failure.ts";
import type { LineResult, SucceededLine } from "../../../src/model/result.ts";

const line = { id: "batch_req_1", customId: "a", lineNumber: 1 };

function failed(kind: FailureKind): LineResult {
  return { status: "failed", ...line, failure: { kind, message: `it was ${kind}`, retryable: false }, attempts: 1 };
}

const succeeded: SucceededLine = {
  status: "succeeded",
  ...line,
  response: { statusCode: 200, requestId: "", body: "{}", usage: noUsage },
  source: "asked",
  attempts: 1,
};

describe("an outage", () => {
  it("stops the run when it has lasted as long as a request may wait", () => {
    const conditions = new StopConditions(undefined, 600_000);
    expect(conditions.observeOutage({ forMs: 599_000, wasReached: true }, "refused")).toBeUndefined();
    expect(conditions.observeOutage({ forMs: 600_000, wasReached: true }, "refused")).toEqual({
      reason: "unreachable",
      message: "no request got through for 600 s: refused",
    });
  });

  it("stops it sooner where no request ever got through: the address may be wrong", () => {
    const conditions = new StopConditions(undefined, 1_800_000);
    expect(conditions.observeOutage({ forMs: 299_000, wasReached: false }, "refused")).toBeUndefined();
    expect(conditions.observeOutage({ forMs: 300_000, wasReached: false }, "refused")?.reason).toBe("unreachable");
  });
});

describe("limits that open too late", () => {
  it.each([
    [63_214_000, "17 h 34 min"],
    [3_600_000, "60 min"],
    [4_200, "5 s"],
  ])("stop the run, which says when to come back: %d ms", (opensInMs, wait) => {
    const failure = { kind: "rate_limit", message: "Too many.", retryable: false } as const;
    const stop = new StopConditions(undefined, 600_000).observeClosure(failure, { forMs: 0, opensInMs });
    expect(stop.reason).toBe("throttled");
    expect(stop.message).toMatch(
      new RegExp(`^Too many\\.; the next one may be sent at \\w{3} \\w{3} \\d\\d \\d{4} [\\d:]{8}, in ${wait}$`),
    );
  });
});

describe("--max-failures", () => {
  it("stops at the N-th failed line", () => {
    const conditions = new StopConditions({ count: 2 }, 600_000);
    expect(conditions.observeResult(failed("server_error"))).toBeUndefined();
    expect(conditions.observeResult(failed("invalid_request"))?.reason).toBe("max_failures");
  });

  it("takes a share only of enough lines to mean something", () => {
    const conditions = new StopConditions({ share: 0.1 }, 600_000);
    for (let count = 0; count < 9; count += 1) expect(conditions.observeResult(failed("timeout"))).toBeUndefined();
    for (let count = 0; count < 90; count += 1) expect(conditions.observeResult(succeeded)).toBeUndefined();
    expect(conditions.observeResult(failed("timeout"))?.reason).toBe("max_failures");
  });

  it("does not count requests that were cancelled", () => {
    const conditions = new StopConditions({ count: 1 }, 600_000);
    expect(conditions.observeResult(failed("cancelled"))).toBeUndefined();
  });
});
