import { expect, test } from "vitest";
import { createLimiter } from "../../src/limiters/limiter.ts";
import { UsageError } from "../../src/model/errors.ts";
import { describeLimiter } from "../contracts/limiter.ts";

const base = { provider: "practice", concurrency: 4 };
const requestsPerMinute = 6_000_000;
const tokensPerMinute = 60_000_000;

describeLimiter("slots only", () => createLimiter(base));
describeLimiter("requests per minute", () => createLimiter({ ...base, requestsPerMinute }));
describeLimiter("tokens per minute", () => createLimiter({ ...base, tokensPerMinute }));
describeLimiter("all limits", () => createLimiter({ ...base, requestsPerMinute, tokensPerMinute }));

test.each([
  [{ concurrency: 0 }, "concurrency must be a whole number of at least 1, not 0."],
  [{ concurrency: 2.5 }, "concurrency must be a whole number of at least 1, not 2.5."],
  [{ requestsPerMinute: 0 }, "requestsPerMinute must be a number above 0, not 0."],
  [{ tokensPerMinute: Infinity }, "tokensPerMinute must be a number above 0, not Infinity."],
  [{ tokensPerMinute: Number.NaN }, "tokensPerMinute must be a number above 0, not NaN."],
])("a limit that cannot be one is refused: %j", (limits, message) => {
  expect(() => createLimiter({ ...base, ...limits })).toThrow(new UsageError(message));
});

test("a limit below one request a minute is a limit too", () => {
  expect(createLimiter({ ...base, requestsPerMinute: 0.5 }).status().binding).toBe("nothing");
});
