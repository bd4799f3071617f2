// One worker of a fleet: sends its share of requests through limits in Redis, and says what came of them.
import { Redis } from "ioredis";
import { createLimiter, createProvider, createRedisLimits, demandOf, RequestManager } from "../../dist/index.js";

const { redisUrl, url, sizes, limits, concurrency = 200, skewMs = 0 } = JSON.parse(process.argv[2] ?? "{}");

// Its clock on the wall is wrong: no limit may go by it.
const realNow = Date.now;
Date.now = () => realNow() + skewMs;

const redis = new Redis(redisUrl, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
redis.on("error", () => {});
const sharedLimits = createRedisLimits(redis);

/** In milliseconds of the clock that all processes of a machine have in common. */
const monotonicMs = () => Number(process.hrtime.bigint()) / 1e6;
const starts = [];
const pauses = [];

function observe({ type, pauseMs }) {
  if (type === "attempt-start") starts.push(monotonicMs());
  if (type === "pause") pauses.push({ atMs: monotonicMs(), pauseMs });
}

process.send({ type: "ready" });
process.once("message", async () => {
  const counts = await (url === undefined ? startAll() : sendAll());
  process.send({ type: "done", counts, starts, pauses });
  await sharedLimits.close();
  redis.disconnect();
  process.disconnect();
});

/** Requests of so many tokens each, as the mock counts them. */
async function sendAll() {
  const provider = createProvider("openai", { baseUrl: url, apiKey: "sk-fleet", tokenCounting: "larger" });
  const manager = new RequestManager({
    provider,
    limits,
    concurrency,
    retry: { maxRetries: 0 },
    countTokens: ({ body }) => Math.ceil(body.length / 4),
    sharedLimits,
    observers: [observe],
  });
  const bodies = sizes.map((tokens, index) => {
    const content = `${process.pid} ${index} ${"word ".repeat(tokens)}`;
    return { model: "m", max_tokens: 1, messages: [{ role: "user", content: content.slice(0, Math.max(20, tokens * 4 - 80)) }] };
  });
  const counts = {};
  for (const { status, error } of await manager.processBatch(bodies)) {
    const outcome = error?.code ?? status;
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  await manager.close();
  return counts;
}

/** The limiter alone, with requests that take no time. */
async function startAll() {
  const limiter = createLimiter({ concurrency, limits, sharedLimits });
  const demand = demandOf({ name: "nowhere" }, { model: "m", inputTokens: 1, counting: "input" });
  const attempt = { ok: false, failure: { kind: "not_found", message: "", retryable: false } };
  const { signal } = new AbortController();
  await Promise.all(sizes.map(() => limiter.run(demand, async () => attempt, signal)));
  return { started: sizes.length };
}
