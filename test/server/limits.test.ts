import { expect, it } from "vitest";
import type { RateLimitStatus } from "../../src/index.ts";
import { forecastMs } from "../../src/server/live/forecast.ts";
import { limitHeaders } from "../../src/server/live/limit-headers.ts";
import { chat, piece } from "../providers/protocols/stream-pieces.ts";
import { streamed } from "../support/scripted-server.ts";
import { ask, question, serveLive } from "./live-server.ts";

const hello = chat([piece({ content: "Hi" }), piece({}, {}, "stop")]);
const minute = { periodMs: 60_000, source: "configured" } as const;

function target(limits: RateLimitStatus["limits"], more: Partial<RateLimitStatus> = {}): RateLimitStatus {
  const idle = { concurrency: 9, inFlight: 0, waiting: 0, waitingLive: 0, pauseMs: 0, meanTokens: 0, isUnreachable: false };
  return { provider: "p", model: "m", limits, ...idle, ...more };
}

const requests = (amount: number, available: number): RateLimitStatus["limits"][number] => ({
  ...minute,
  unit: "requests",
  amount,
  available,
  used: amount - available,
});
const tokens = (amount: number, available: number): RateLimitStatus["limits"][number] => ({
  ...requests(amount, available),
  unit: "tokens",
});

it("a forecast is what waits ahead over what all targets together allow", () => {
  const one = [target([requests(60, 0)])];
  const three = [1, 2, 3].map(() => target([requests(60, 0)]));
  expect(Math.round(forecastMs(one, 59, 59) / 1000)).toBe(60);
  expect(Math.round(forecastMs(three, 59, 59) / 1000)).toBe(20);
});

it("a forecast counts tokens, once it is known how many a request takes", () => {
  const limits = [requests(6000, 100), tokens(20_000, 0)];
  expect(Math.round(forecastMs([target(limits, { meanTokens: 1000 })], 9, 9) / 1000)).toBe(30);
  expect(forecastMs([target(limits)], 9, 9)).toBe(0);
});

it("a forecast counts what is common once, for the requests of all models, and leaves out who is out of reach", () => {
  const common = { ...requests(60, 0), isCommon: true };
  const targets = [1, 2, 3].map(() => target([common]));
  expect(Math.round(forecastMs(targets, 1, 29) / 1000)).toBe(30);
  const gone = target([requests(1, 0)], { isUnreachable: true });
  expect(forecastMs([gone], 0, 50)).toBe(0);
  expect(Math.round(forecastMs([target([], { pauseMs: 40_000 }), gone], 0, 0) / 1000)).toBe(40);
});

it("the limits of a model are told as OpenAI does: all targets together, what they share once", () => {
  const common = { ...requests(360, 0), isCommon: true };
  const own = [tokens(1000, 750)];
  expect(limitHeaders([target([common, ...own]), target([common, ...own])])).toEqual({
    "x-ratelimit-limit-requests": "360",
    "x-ratelimit-remaining-requests": "0",
    "x-ratelimit-reset-requests": "1m0s",
    "x-ratelimit-limit-tokens": "2000",
    "x-ratelimit-remaining-tokens": "1500",
    "x-ratelimit-reset-tokens": "15s",
  });
  expect(limitHeaders([target(own), target([])])).toEqual({});
  const daily = { ...requests(100, 50), periodMs: 720_000 };
  expect(limitHeaders([target([daily])])).toMatchObject({ "x-ratelimit-reset-requests": "6m0s" });
});

it("a forecast counts live requests for other models, which wait for the same limit", async () => {
  const { manager, url } = await serveLive(undefined, { options: { requestsPerMinute: 6 } });
  expect((await ask(url, { ...question, model: "other" })).status).toBe(200);
  const client = new AbortController();
  const waiting = [1, 2, 3].map((user) => ask(url, { ...question, user }, { signal: client.signal }).catch(() => "left"));
  await expect.poll(() => manager.limiterStatus().waiting).toBe(3);
  const refusal = await ask(url, { ...question, model: "other" }, { headers: { "x-stainless-timeout": "20" } });
  expect([refusal.status, await refusal.text()]).toEqual([429, expect.stringMatching(/in some (?:39|40) s, which is too late/)]);
  client.abort();
  await Promise.all(waiting);
});

it("of a limit of 60 a minute one request leaves 59, and the rest comes back in a second", async () => {
  const { url } = await serveLive(undefined, { options: { requestsPerMinute: 60 } });
  const { headers } = await ask(url);
  const told = ["limit", "remaining", "reset"].map((name) => headers.get(`x-ratelimit-${name}-requests`));
  expect(told).toEqual(["60", "59", "1s"]);
});

it("limits that two keys share are told once, with the head of a stream as well", async () => {
  const { url } = await serveLive(() => streamed(hello), {
    keys: ["key-one-123456", "key-two-123456"],
    options: { requestsPerMinute: 6000 },
  });
  const stream = { ...question, stream: true };
  await Promise.all([ask(url, stream), ask(url, stream)]);
  const { headers } = await ask(url, stream);
  const told = ["limit", "remaining"].map((name) => headers.get(`x-ratelimit-${name}-requests`));
  expect(told).toEqual(["6000", "5997"]);
  expect(headers.get("x-llmbatch-provider")).toMatch(/^openai,%20key%20[12]$/);
  expect([headers.get("x-llmbatch-attempts"), headers.get("server-timing")]).toEqual(["1", expect.stringMatching(/^queue;dur=/)]);
});
