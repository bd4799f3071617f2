import { describe, expect, test } from "vitest";
import { RetryQuota } from "../../src/retry/retry.ts";
import { answered, failed } from "../limiters/attempts.ts";
import { type Outcome, Trial } from "./trial.ts";

describe("the quota that all requests share", () => {
  test("a server that always fails is not hammered: 500 retries in all, then none", async () => {
    const quota = new RetryQuota();
    let asked = 0;
    let last: Outcome | undefined;
    for (let line = 0; line < 1_000; line += 1) {
      const trial = new Trial();
      trial.quota = quota;
      last = await trial.run([failed("server_error")]);
      asked += last.attempts;
    }
    expect(asked).toBe(1_000 + 500);
    expect(last).toMatchObject({
      attempts: 1,
      attempt: { failure: { message: expect.stringContaining("nearly everything fails") } },
    });
  });

  test("a server that fails every second time is asked again every time, for as long as it takes", async () => {
    const quota = new RetryQuota();
    for (let line = 0; line < 2_000; line += 1) {
      const trial = new Trial();
      trial.quota = quota;
      await expect(trial.run([failed("server_error"), answered()])).resolves.toMatchObject({ attempt: { ok: true } });
    }
  });

  test("being throttled spends nothing of it", async () => {
    const trial = new Trial();
    while (trial.quota.spend());
    await expect(trial.run([failed("rate_limit"), failed("overloaded"), answered()])).resolves.toMatchObject({ attempts: 3 });
  });
});
