import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { questions, Workplace } from "../e2e/cli.ts";
import { coordinate, lookInto, startQuickWorker } from "../e2e/fleet.ts";
import { serve } from "../support/closing.ts";
import { noRedis, RedisServer } from "../support/redis-server.ts";
import { delayed, type ScriptedServer } from "../support/scripted-server.ts";
import { answerTo } from "./commands.ts";
import { Figures, isFullSize } from "./figures.ts";

const hourMs = 3_600_000;
const mib = 1024 * 1024;

function writeQuestions(user: Workplace, lines: number): void {
  user.write(
    "in.jsonl",
    questions(lines)
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(""),
  );
}

/** Runs a coordinator to its end. Without a cache: that of one machine is measured elsewhere. */
async function timed(
  user: Workplace,
  redis: RedisServer,
  server: ScriptedServer | "instant",
): Promise<{ seconds: number; peakBytes: number }> {
  const args =
    server === "instant" ? ["run", "in.jsonl", "-o", "out.jsonl", "-q", "--queue", redis.url] : coordinate(redis, server);
  const startedAt = performance.now();
  const child = user.start([...args, "--cache", "none"], { stdio: ["ignore", "ignore", "inherit"] });
  let peakBytes = 0;
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, residentBytes(child.pid));
  }, 100);
  const [code] = await once(child, "exit");
  clearInterval(watch);
  expect(code).toBe(0);
  return { seconds: (performance.now() - startedAt) / 1000, peakBytes };
}

/** As far as the system tells. */
function residentBytes(pid: number | undefined): number {
  try {
    return 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function countLines(path: string): number {
  return readFileSync(path).reduce((count, byte) => count + (byte === 10 ? 1 : 0), 0);
}

// Whether a fleet works at all is tested in `test/e2e/fleet.test.ts`.
describe.skipIf(!isFullSize || noRedis !== undefined)("how a fleet grows", () => {
  it("a million lines through a fleet that answers at once", { timeout: hourMs }, async () => {
    const lines = 1_000_000;
    const figures = new Figures("a fleet that answers at once");
    const redis = await RedisServer.start();
    const user = new Workplace();
    writeQuestions(user, lines);
    await startQuickWorker(user, redis, "instant", 256);
    await startQuickWorker(user, redis, "instant", 256);
    const { seconds, peakBytes } = await timed(user, redis, "instant");
    const memory = await lookInto(redis).info("memory");
    figures.exactly("lines of output", countLines(user.path("out.jsonl")), lines);
    figures.atLeast("lines a second, from start to end of the coordinator", lines / seconds, 15_000);
    figures.atMost("MiB of Redis at its peak", Number(/used_memory_peak:(\d+)/.exec(memory)?.[1]) / mib, 64);
    figures.atMost("MiB of the coordinator at its peak", peakBytes / mib, 250);
    expect(figures.missed(`${lines} lines, 2 workers, answers of 0.5 KB without a server`)).toEqual([]);
  });

  it("1, 2 and 4 workers against a server of 50 ms", { timeout: hourMs }, async () => {
    const lines = 20_000; // four workers take 36 s: start and last chunk, 1.6 s of any run, are to be a small part of it
    const figures = new Figures("workers against a server of 50 ms");
    const server = await serve((call) => delayed(50, answerTo(call)));
    const seconds: number[] = [];
    for (const count of [1, 2, 4]) {
      const redis = await RedisServer.start();
      const user = new Workplace();
      writeQuestions(user, lines);
      const workers = await Promise.all(Array.from({ length: count }, () => startQuickWorker(user, redis, server, 8)));
      seconds.push((await timed(user, redis, server)).seconds);
      for (const worker of workers) worker.kill("SIGKILL");
      await redis.kill();
    }
    const [one = 0, two = 1, four = 1] = seconds;
    figures.told("lines a second of one worker", lines / one);
    figures.atLeast("times faster with two", one / two, 1.9);
    figures.atLeast("times faster with four", one / four, 3.6);
    expect(figures.missed(`${lines} lines, workers x 8`)).toEqual([]);
  });
});
