import { expect, test } from "vitest";
import { createLimiter } from "../../src/limiters/limiters.ts";
import { ConfigurationError } from "../../src/model/errors.ts";
import { describeOwnLimiter } from "../contracts/limiter.ts";
import { limitsOf } from "./attempts.ts";

const base = { concurrency: 4 };
const requestsPerMinute = 6_000_000;
const tokensPerMinute = 60_000_000;

describeOwnLimiter("slots only", () => createLimiter(base));
describeOwnLimiter("requests per minute", () => createLimiter({ ...base, limits: limitsOf({ requestsPerMinute }) }));
describeOwnLimiter("tokens per minute", () => createLimiter({ ...base, limits: limitsOf({ tokensPerMinute }) }));
describeOwnLimiter("all limits", () => createLimiter({ ...base, limits: limitsOf({ requestsPerMinute, tokensPerMinute }) }));

const minute = { unit: "requests", periodMs: 60_000 } as const;

test.each([
  [{ concurrency: 0 }, "concurrency must be a whole number of at least 1, not 0."],
  [{ concurrency: 2.5 }, "concurrency must be a whole number of at least 1, not 2.5."],
  [{ limits: [{ ...minute, amount: 0 }] }, "A limit must be a number above 0 in a time above 0, not 0 requests/min."],
  [{ limits: [{ ...minute, amount: Number.NaN }] }, "A limit must be a number above 0 in a time above 0, not NaN requests/min."],
  [
    { limits: [{ ...minute, amount: Infinity }] },
    "A limit must be a number above 0 in a time above 0, not Infinity requests/min.",
  ],
])("a limit that cannot be one is refused: %j", (limits, message) => {
  expect(() => createLimiter({ ...base, ...limits })).toThrow(new ConfigurationError(message));
});

test("a limit below one request a minute is a limit too", () => {
  expect(createLimiter({ ...base, limits: limitsOf({ requestsPerMinute: 0.5 }) }).status().blockedBy).toBe("nothing");
});
