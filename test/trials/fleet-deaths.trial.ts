import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { expect, it } from "vitest";
import { questions, Workplace } from "../e2e/cli.ts";
import { coordinate, startQuickWorker } from "../e2e/fleet.ts";
import { serve } from "../support/closing.ts";
import { noRedis, RedisServer } from "../support/redis-server.ts";
import { delayed, type ReceivedCall, type ScriptedServer } from "../support/scripted-server.ts";
import { answerTo, countEach, kill, questionOf, randomNumbers, runArguments, undisturbedOutput } from "./commands.ts";
import { Figures, isFullSize } from "./figures.ts";

const hourMs = 3_600_000;
const workers = 3;
const concurrency = 4;

interface Deaths {
  readonly worker: number;
  readonly coordinator: number;
  readonly redis: number;
}

interface Deadly {
  readonly title: string;
  readonly lines: number;
  readonly deaths: Deaths;
  readonly redisOptions: readonly string[];
  /** Of the lines, in percent. */
  readonly maxPaidTwice: number | undefined;
}

// The small version is `test/e2e/fleet.test.ts`.
it.skipIf(!isFullSize || noRedis !== undefined).each<Deadly>([
  {
    title: "workers, coordinators and Redis with an append-only file",
    lines: 30_000,
    deaths: { worker: 40, coordinator: 10, redis: 4 },
    redisOptions: ["--appendonly", "yes"],
    maxPaidTwice: 1,
  },
  {
    title: "Redis that keeps nothing",
    lines: 12_000,
    deaths: { worker: 0, coordinator: 0, redis: 10 },
    redisOptions: [],
    maxPaidTwice: undefined,
  },
])("sudden deaths of $title", { timeout: hourMs }, async ({ title, lines, deaths, redisOptions, maxPaidTwice }) => {
  const figures = new Figures(`sudden deaths of ${title}`);
  const server = await serve((call: ReceivedCall) => delayed(20, answerTo(call)));
  const expected = await undisturbedOutput(runArguments(server), questions(lines));
  const start = server.ledger.length;
  const redis = await RedisServer.start(...redisOptions);
  const user = new Workplace();
  user.write("in.jsonl", questions(lines));
  const code = await surviveDeaths(user, redis, server, shuffled(deaths), lines);
  const calls = server.ledger.slice(start);
  const counts = countEach(calls.map(questionOf));
  const seen = new Set<number>();
  const paidTwice = calls.filter((call) => !call.aborted).filter((call) => seen.size === seen.add(questionOf(call)).size);
  figures.exactly("exit code", code ?? -1, 0);
  figures.exactly("output differs from an undisturbed single process", user.read("out.jsonl") === expected ? 0 : 1, 0);
  figures.exactly("lines never asked", lines - counts.size, 0);
  const percent = (100 * paidTwice.length) / lines;
  if (maxPaidTwice === undefined) figures.told("% answered whole and asked again", percent);
  else figures.atMost("% answered whole and asked again", percent, maxPaidTwice);
  figures.told("% asked again in all", (100 * (calls.length - lines)) / lines);
  expect(figures.missed(`${lines} lines, ${workers} workers x ${concurrency}, ${JSON.stringify(deaths)} deaths`)).toEqual([]);
});

/** Lets processes die, evenly over the calls of the run, and starts others in their place. @returns the last coordinator's exit code. */
async function surviveDeaths(
  user: Workplace,
  redis: RedisServer,
  server: ScriptedServer,
  deaths: readonly (keyof Deaths)[],
  lines: number,
): Promise<number | null> {
  const random = randomNumbers(2);
  const start = server.ledger.length;
  const hands = await Promise.all(Array.from({ length: workers }, () => startQuickWorker(user, redis, server, concurrency)));
  const startCoordinator = (): ChildProcess => user.start(coordinate(redis, server), { stdio: "ignore" });
  let coordinator = startCoordinator();
  for (const [index, death] of deaths.entries()) {
    const due = start + ((index + 1) * lines) / (deaths.length + 2);
    await server.until(() => server.ledger.length >= due);
    if (death === "worker") {
      const place = Math.floor(random() * workers);
      const victim = hands[place];
      if (victim !== undefined) await kill(victim, "SIGKILL");
      hands[place] = await startQuickWorker(user, redis, server, concurrency);
    } else if (death === "coordinator") {
      await kill(coordinator, "SIGKILL");
      coordinator = startCoordinator();
    } else {
      await redis.kill();
      await redis.start();
    }
  }
  if (coordinator.exitCode === null) await once(coordinator, "exit");
  return coordinator.exitCode;
}

function shuffled(deaths: Deaths): (keyof Deaths)[] {
  const random = randomNumbers(1);
  const all = (["worker", "coordinator", "redis"] as const).flatMap((death) =>
    Array.from({ length: deaths[death] }, () => ({ death, order: random() })),
  );
  return all.toSorted((a, b) => a.order - b.order).map(({ death }) => death);
}
