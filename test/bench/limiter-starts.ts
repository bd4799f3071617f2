import { noUsage } from "../support/usage.ts";
import { createLimiter } from "../../src/limiters/limiters.ts";
import type { Attempt } from "../../src/model/attempt.ts";
import { demandFor, limitsOf, type PerMinute } from "../limiters/attempts.ts";

/**
 * How many attempts a second the limiter can start when its limits are far away, and how much of a limit it uses when it is near:
 * `node test/bench/limiter-starts.ts` (Node 22.18 or newer runs TypeScript as it is).
 */
const answered: Attempt = { ok: true, response: { statusCode: 200, requestId: "", body: "{}", usage: noUsage } };
const never = new AbortController().signal;

async function startsPerSecond(limits: PerMinute, task: () => Promise<Attempt>): Promise<number> {
  const limiter = createLimiter({ concurrency: 200, adaptive: false, limits: limitsOf(limits) });
  const startedAt = performance.now();
  let left = 60_000;
  // A window of requests under way, like the manager's.
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await limiter.run(demandFor(100), task, never);
    }
  };
  await Promise.all(Array.from({ length: 400 }, worker));
  return (60_000 / (performance.now() - startedAt)) * 1000;
}

/** How fast attempts start once the first burst is over, divided by how fast the limit allows. */
async function useOfLimit(limits: PerMinute, tokens: number, seconds: number): Promise<number> {
  const limiter = createLimiter({ concurrency: 5_000, adaptive: false, limits: limitsOf(limits) });
  const stop = new AbortController();
  const startsMs: number[] = [];
  const task = async (): Promise<Attempt> => {
    startsMs.push(performance.now());
    return answered;
  };
  const worker = async (): Promise<void> => {
    while (!stop.signal.aborted) await limiter.run(demandFor(tokens), task, stop.signal);
  };
  const workers = Array.from({ length: 2_000 }, worker);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  stop.abort();
  await Promise.all(workers);

  const firstMs = startsMs[0] ?? 0;
  const steady = startsMs.filter((startMs) => startMs > firstMs + 900);
  const perMs = (steady.length - 1) / ((steady.at(-1) ?? 0) - (steady[0] ?? 0));
  const { requestsPerMinute = Infinity, tokensPerMinute = Infinity } = limits;
  return perMs / (Math.min(requestsPerMinute, tokensPerMinute / tokens) / 60_000);
}

const atOnce = async (): Promise<Attempt> => answered;
const afterATurn = (): Promise<Attempt> => new Promise((resolve) => setImmediate(() => resolve(answered)));
const far = { requestsPerMinute: 1e8, tokensPerMinute: 1e10 };

const write = (line: string): void => void process.stdout.write(`${line}\n`);
write(`starts/s, no limits:                ${Math.round(await startsPerSecond({}, atOnce))}`);
write(`starts/s, no limits, task a turn:   ${Math.round(await startsPerSecond({}, afterATurn))}`);
write(`starts/s, far limits:               ${Math.round(await startsPerSecond(far, atOnce))}`);
write(`starts/s, far limits, task a turn:  ${Math.round(await startsPerSecond(far, afterATurn))}`);
for (const requestsPerMinute of [60, 600, 6_000, 60_000])
  write(`use of rpm ${requestsPerMinute}: ${(await useOfLimit({ requestsPerMinute }, 100, 4)).toFixed(4)}`);
write(`use of tpm 1e6, 700 tokens each:    ${(await useOfLimit({ tokensPerMinute: 1e6 }, 700, 4)).toFixed(4)}`);
write(`use of tpm 9e4, 2000 tokens each:   ${(await useOfLimit({ tokensPerMinute: 9e4 }, 2000, 8)).toFixed(4)}`);
