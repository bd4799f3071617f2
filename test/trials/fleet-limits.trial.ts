import type { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { connected } from "../redis-limits/shared.ts";
import { dealt, finished, mostWithin, startWorkers, type Worker } from "../redis-limits/workers.ts";
import { mock, serve } from "../support/closing.ts";
import { noRedis, RedisServer } from "../support/redis-server.ts";
import { chatAnswer, delayed, rateLimited, type ScriptedServer } from "../support/scripted-server.ts";
import { Figures, isFullSize } from "./figures.ts";

const [workers, seconds] = [4, 62];
const minuteMs = 60_000;
const requestsPerMinute = 6_000;
const tokensPerMinute = 1_200_000;
const latencyMs = 50;
const maxStretch = 1.05;
/** Between what a server sends and what has heard of it. */
const newsMs = 100;

/** In small: `test/redis-limits/managers.test.ts`, `test/redis-limits/redis-limits.test.ts` and `test/e2e/fleet.test.ts`. */
describe.skipIf(!isFullSize || noRedis !== undefined)(`limits of a fleet ${noRedis ?? ""}`, () => {
  it(`${workers} processes share a limit on requests: nothing is rejected, whatever their clocks say`, async () => {
    const figures = new Figures("a limit on requests");
    const redisServer = await RedisServer.start();
    const provider = await mock({ requestsPerMinute, latencyMs });
    const count = (requestsPerMinute / 60) * seconds;
    const shares = dealt(
      Array.from({ length: count }, () => 10),
      workers,
    );
    const settings = {
      redisUrl: redisServer.url,
      url: provider.url,
      limits: [{ unit: "requests", amount: requestsPerMinute, periodMs: minuteMs, burst: 10 }],
    } as const;
    const skews = [minuteMs, -minuteMs, 0, 0];
    const { ms, counts, reports } = await finished(
      await startWorkers(shares.map((sizes, index) => Object.assign({ sizes, skewMs: skews[index] ?? 0 }, settings))),
    );
    const stats = provider.stats();
    const optimumMs = (count / requestsPerMinute) * minuteMs - 1_000 + latencyMs;
    figures.exactly("answered", counts["succeeded"] ?? 0, count);
    figures.exactly("rejected by a server that counts", stats.refused, 0);
    figures.atMost("starts in the worst second", mostWithin(1_000, reports), 110);
    figures.atMost("starts in the worst minute", mostWithin(minuteMs, reports), 6_010);
    // It waits for a core, too, and then finds several at once.
    figures.told("arrivals in the worst second, as a server in one more process counts", stats.peakRequestsPerSecond);
    figures.atMost("time, beside that of a perfect client", ms / optimumMs, maxStretch);
    figures.atMost("Redis calls a start", (await calls(connected(redisServer))) / count, 2);
    expect(
      figures.missed(
        `${workers} processes, ${count} requests at ${requestsPerMinute} a minute with a burst of 10, two clocks a minute wrong`,
      ),
    ).toEqual([]);
  });

  it(`${workers} processes share a limit on tokens, with requests of 1 to 8,000`, async () => {
    const figures = new Figures("a limit on tokens");
    const redisServer = await RedisServer.start();
    const provider = await mock({ tokensPerMinute, latencyMs });
    const sizes = longTailed((tokensPerMinute / 60) * seconds);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const settings = {
      redisUrl: redisServer.url,
      url: provider.url,
      limits: [{ unit: "tokens", amount: tokensPerMinute, periodMs: minuteMs }],
    } as const;
    const { ms, counts } = await finished(
      await startWorkers(dealt(sizes, workers).map((own) => Object.assign({ sizes: own }, settings))),
    );
    const stats = provider.stats();
    const perSecond = tokensPerMinute / 60;
    const optimumMs = (stats.totalTokens / perSecond - 1) * 1_000 + latencyMs;
    figures.exactly("answered", counts["succeeded"] ?? 0, sizes.length);
    figures.exactly("rejected by a server that counts", stats.refused, 0);
    figures.atMost("tokens in the worst second", stats.peakTokensPerSecond, 2 * perSecond);
    figures.atMost("tokens in the worst minute", stats.peakTokensPerMinute, tokensPerMinute + perSecond);
    figures.atMost("time, beside that of a perfect client", ms / optimumMs, maxStretch);
    figures.told("largest request", Math.max(...sizes));
    figures.told("Redis calls a start", (await calls(connected(redisServer))) / sizes.length);
    expect(
      figures.missed(`${workers} processes, ${sizes.length} requests, ${total} tokens at ${tokensPerMinute} a minute`),
    ).toEqual([]);
  });

  it("a Retry-After that one process is told holds for all", async () => {
    const figures = new Figures("a shared pause");
    const retryAfterMs = 5_000;
    const server = await serve(({ index }) =>
      index === 60 ? rateLimited(String(retryAfterMs / 1_000)) : delayed(20, chatAnswer()),
    );
    const redisServer = await RedisServer.start();
    const { counts, reports } = await finished(await startAt(server, redisServer, 150));
    const heard = reports.flatMap(({ pauses }) => pauses.slice(0, 1));
    const [firstMs, lastMs] = [Math.min(...heard.map(({ atMs }) => atMs)), Math.max(...heard.map(({ atMs }) => atMs))];
    const during = reports.flatMap(({ starts, pauses: [pause] }) =>
      starts.filter((atMs) => pause !== undefined && atMs > pause.atMs && atMs < firstMs + retryAfterMs),
    );
    figures.exactly("processes that heard of it", heard.length, workers);
    figures.exactly("starts of processes that had heard of it, in the pause", during.length, 0);
    figures.told("ms until the last had heard of it", lastMs - firstMs);
    figures.exactly("answered", counts["succeeded"] ?? 0, 150 * workers);
    expect(figures.missed(`${workers} processes without a limit, a 429 with a Retry-After of ${retryAfterMs} ms`)).toEqual([]);
  });

  it("while Redis is away nothing starts, and all goes on when it is back", async () => {
    const figures = new Figures("a Redis that is away");
    const server = await serve(() => delayed(20, chatAnswer()));
    const redisServer = await RedisServer.start();
    const limits = [{ unit: "requests", amount: requestsPerMinute, periodMs: minuteMs }] as const;
    const working = await startAt(server, redisServer, 100, limits);
    const done = finished(working);
    await server.until(() => server.ledger.length >= 50);
    await redisServer.kill();
    const goneAt = performance.now();
    await new Promise((resolve) => void setTimeout(resolve, 2_000));
    const backAt = performance.now();
    await redisServer.start();
    const { counts } = await done;
    const next = Math.min(...server.ledger.map(({ arrivedAt }) => arrivedAt).filter((at) => at > backAt));
    figures.exactly(`requests while it was away, from ${newsMs} ms on`, arrivals(server, goneAt + newsMs, backAt), 0);
    figures.told("ms from its coming back to the next request", next - backAt);
    figures.exactly("answered", counts["succeeded"] ?? 0, 100 * workers);
    expect(figures.missed(`${workers} processes, killed for ${Math.round(backAt - goneAt)} ms`)).toEqual([]);
  });

  it("what killed processes had leased comes back", async () => {
    const figures = new Figures("leases of the dead");
    const kills = 8;
    const amount = 50_000;
    const server = await serve(() => delayed(5, chatAnswer()));
    const redisServer = await RedisServer.start();
    const redis = connected(redisServer);
    for (let kill = 0; kill < kills; kill += 1) {
      const before = server.ledger.length;
      const [worker] = await startAt(server, redisServer, 20_000, [{ unit: "requests", amount, periodMs: 86_400_000 }], 1);
      worker?.child.send("go");
      await server.until(() => server.ledger.length >= before + 100 + 37 * kill);
      worker?.child.kill("SIGKILL");
    }
    const held = async (): Promise<number> => (await redis.keys("*:leases")).length;
    const leased = await held();
    // Who asks next gives back what has expired.
    const used = async (): Promise<number> => {
      await finished(await startAt(server, redisServer, 1, [{ unit: "requests", amount, periodMs: 86_400_000 }], 1));
      return (await redis.hvals("llmbatch:limit:*:*:*:requests:86400000")).reduce((sum, value) => sum + Number(value), 0);
    };
    await new Promise((resolve) => void setTimeout(resolve, 5_500));
    const lost = (await used()) - server.ledger.length;
    figures.told("leases held at the end", leased);
    figures.atMost("requests that are counted and were not sent", lost, 0);
    figures.atLeast("requests that were sent and are not counted", lost, -10 * kills);
    expect(figures.missed(`${kills} processes killed while they send`)).toEqual([]);
  });

  it("a start costs a seventh of a call at high rates", async () => {
    const figures = new Figures("Redis calls a start, of the limiter alone");
    for (const perSecond of [100, 5_000]) {
      const redisServer = await RedisServer.start();
      const sizes = Array.from({ length: perSecond * 4 }, () => 1);
      const limits = [{ unit: "requests", amount: perSecond * 60, periodMs: minuteMs }] as const;
      const own = dealt(sizes, workers).map((share) => ({ redisUrl: redisServer.url, limits, sizes: share }));
      const { ms } = await finished(await startWorkers(own));
      const count = sizes.length;
      figures.told(`at ${perSecond} a second: seconds for four seconds' worth`, ms / 1_000);
      figures.atMost(
        `at ${perSecond} a second: calls a start`,
        (await calls(connected(redisServer))) / count,
        perSecond > 1_000 ? 0.2 : 2,
      );
    }
    expect(figures.missed(`${workers} processes`)).toEqual([]);
  });
});

type Limits = Parameters<typeof startWorkers>[0][number]["limits"];

function startAt(
  server: ScriptedServer,
  redis: RedisServer,
  count: number,
  limits: Limits = [],
  processes = workers,
): Promise<Worker[]> {
  const settings = { redisUrl: redis.url, url: `${server.url}/v1`, limits, concurrency: 10 };
  return startWorkers(Array.from({ length: processes }, () => ({ ...settings, sizes: Array.from({ length: count }, () => 10) })));
}

function arrivals({ ledger }: ScriptedServer, fromMs: number, toMs: number): number {
  return ledger.filter(({ arrivedAt }) => arrivedAt > fromMs && arrivedAt < toMs).length;
}

/** How often its scripts were called. */
async function calls(redis: Redis): Promise<number> {
  const stats = await redis.info("commandstats");
  return [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Sizes from 1 to 8,000, most of them small, until there are so many tokens; always the same ones. */
function longTailed(tokens: number): number[] {
  const sizes: number[] = [];
  for (let index = 0, sum = 0; sum < tokens; index += 1) {
    const uniform = ((index * 7_919 + 104_729) % 10_007) / 10_007;
    const size = Math.max(1, Math.round(8_000 * uniform ** 4));
    sizes.push(size);
    sum += size;
  }
  return sizes;
}
