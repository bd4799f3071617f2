import { expect, it } from "vitest";
import { limitsOfRun } from "../../src/estimation/limits-of-run.ts";
import { ModelEstimate } from "../../src/estimation/model-estimate.ts";
import type { RateLimit } from "../../src/model/rate-limit.ts";

it.each<[string, Omit<RateLimit, "amount" | "periodMs">, number]>([
  ["a pace of requests", { unit: "requests" }, 2],
  ["a pace of requests with a burst", { unit: "requests", burst: 5 }, 10],
  ["a pace of tokens", { unit: "tokens" }, 120],
])("%s is had as often as there are keys, at once and per second", (_, limit, atOnce) => {
  const limits: RateLimit[] = [{ ...limit, amount: 3_600, periodMs: 60_000 }];
  const keys = [1, 2].map((key) => ({ name: `openai, key ${key}`, limits }));
  const cost = { model: "m", inputTokens: 1, maxOutputTokens: 1, counting: "sum" } as const;
  const [first] = keys.map((target) => ({ target, cost, rank: 0, weight: 1 }));
  const model = first && new ModelEstimate(first, keys, "/v1/chat/completions");
  expect(limitsOfRun([], model ? [model] : [])).toMatchObject([{ perSecond: 120, atOnce }]);
});
