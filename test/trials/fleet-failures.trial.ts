import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { questions, Workplace } from "../e2e/cli.ts";
import { coordinate, lookInto, said, startQuickWorker } from "../e2e/fleet.ts";
import { serve } from "../support/closing.ts";
import { noRedis, RedisServer } from "../support/redis-server.ts";
import { delayed, type ScriptedServer } from "../support/scripted-server.ts";
import { BadNetwork } from "./bad-network.ts";
import { answerTo, kill } from "./commands.ts";
import { Figures, isFullSize } from "./figures.ts";

const concurrency = 8;
const lines = 3_000;
const ids = questions(lines).map(({ custom_id: id }) => id);

interface Fleet {
  readonly redis: RedisServer;
  readonly network: BadNetwork;
  readonly server: ScriptedServer;
  readonly user: Workplace;
  readonly workers: readonly ChildProcess[];
  readonly coordinator: ChildProcess;
}

interface FleetParts {
  readonly workers: number;
  /** Lines before the others. */
  readonly first?: readonly object[];
  readonly redisOptions?: readonly string[];
  readonly faults?: Parameters<typeof BadNetwork.to>[1];
}

/** A fleet that has asked 500 lines. */
async function startFleet({ workers: count, first = [], redisOptions = [], faults = {} }: FleetParts): Promise<Fleet> {
  const [redis, server] = [await RedisServer.start(...redisOptions), await serve((call) => delayed(20, answerTo(call)))];
  const network = await BadNetwork.to(redis.port, faults);
  const user = new Workplace();
  user.write("in.jsonl", [...first, ...questions(lines)]);
  const workers = await Promise.all(Array.from({ length: count }, () => startQuickWorker(user, network, server, concurrency)));
  const coordinator = user.start(coordinate(network, server), { stdio: ["ignore", "ignore", "pipe"] });
  if (first.length === 0) await server.until(() => server.ledger.length >= 500);
  return { redis, network, server, user, workers, coordinator };
}

async function wrongLines({ coordinator, user }: Fleet): Promise<number> {
  if (coordinator.exitCode === null) await once(coordinator, "exit");
  const found = user.lines("out.jsonl").map(({ custom_id: id, error }) => (error === null ? id : ""));
  return ids.filter((id, index) => found[index] !== id).length + Math.abs(found.length - ids.length);
}

// Whether a fleet works at all is tested in `test/e2e/fleet.test.ts`.
describe.skipIf(!isFullSize || noRedis !== undefined)("what a fleet survives", () => {
  it("all workers die, and one comes", async () => {
    const figures = new Figures("no workers");
    const fleet = await startFleet({ workers: 2 });
    const startedAt = performance.now();
    for (const worker of fleet.workers) await kill(worker, "SIGKILL");
    await said(fleet.coordinator, "no workers");
    figures.atMost("seconds until it is said", (performance.now() - startedAt) / 1000, 10);
    await startQuickWorker(fleet.user, fleet.redis, fleet.server, concurrency);
    figures.exactly("wrong lines", await wrongLines(fleet), 0);
    expect(figures.missed(`2 workers, load as it is`)).toEqual([]);
  });

  it("a worker freezes for 60 s, and brings its answers too late", async () => {
    const figures = new Figures("a frozen worker");
    const fleet = await startFleet({ workers: 2 });
    const [frozen] = fleet.workers;
    frozen?.kill("SIGSTOP");
    const waking = sleep(60_000).then(() => frozen?.kill("SIGCONT"));
    figures.exactly("wrong lines", await wrongLines(fleet), 0);
    await waking;
    await sleep(3_000);
    const left = await lookInto(fleet.redis).keys("*:answers:*");
    figures.exactly("answers left in Redis", left.length, 0);
    figures.told("lines asked again", fleet.server.ledger.length - lines);
    expect(figures.missed("60 s of 2 workers' time")).toEqual([]);
  });

  it.each([
    { seconds: 2, title: "with what it had", redisOptions: ["--appendonly", "yes"] },
    { seconds: 20, title: "with what it had", redisOptions: ["--appendonly", "yes"] },
    { seconds: 120, title: "with what it had", redisOptions: ["--appendonly", "yes"] },
    { seconds: 2, title: "empty", redisOptions: [] },
    { seconds: 20, title: "empty", redisOptions: [] },
    { seconds: 120, title: "empty", redisOptions: [] },
  ])("Redis is away for $seconds s, and comes back $title", async ({ seconds, title, redisOptions }) => {
    const figures = new Figures(`Redis away for ${seconds} s, and back ${title}`);
    const fleet = await startFleet({ workers: 2, redisOptions });
    await fleet.redis.kill();
    await sleep(seconds * 1000);
    const before = fleet.server.ledger.length;
    await fleet.redis.start();
    const startedAt = performance.now();
    await fleet.server.until(() => fleet.server.ledger.length > before);
    figures.atMost("seconds until lines are asked again", (performance.now() - startedAt) / 1000, 5);
    figures.exactly("wrong lines", await wrongLines(fleet), 0);
    figures.told("lines asked again", fleet.server.ledger.length - lines);
    expect(figures.missed("killed, with 2 workers")).toEqual([]);
  });

  it.each([4, 12, 60])("Redis does not answer for %i s", async (seconds) => {
    const figures = new Figures(`a black hole of ${seconds} s`);
    const fleet = await startFleet({ workers: 2 });
    process.kill(fleet.redis.pid ?? 0, "SIGSTOP");
    await sleep(seconds * 1000);
    process.kill(fleet.redis.pid ?? 0, "SIGCONT");
    figures.exactly("wrong lines", await wrongLines(fleet), 0);
    figures.told("lines asked again", fleet.server.ledger.length - lines);
    expect(figures.missed("Redis stopped, connections open")).toEqual([]);
  });

  it.each([
    { title: "200 ms long", faults: { delayMs: 100 }, resets: 0 },
    { title: "one that cuts all into pieces of 16 bytes", faults: { pieceBytes: 16 }, resets: 0 },
    { title: "reset eight times", faults: {}, resets: 8 },
  ])("the way to Redis is $title", async ({ title, faults, resets }) => {
    const figures = new Figures(`a way to Redis that is ${title}`);
    const fleet = await startFleet({ workers: 2, faults });
    const { server, network } = fleet;
    for (let count = 1; count <= resets; count += 1) {
      await server.until(() => server.ledger.length >= 500 + 250 * count);
      network.reset();
    }
    figures.exactly("wrong lines", await wrongLines(fleet), 0);
    figures.atMost("lines asked again", server.ledger.length - lines, 0);
    expect(figures.missed(`${lines} lines, 2 workers`)).toEqual([]);
  });

  it("Redis is full, then a replica, then as before", async () => {
    const figures = new Figures("a Redis that takes nothing");
    const fleet = await startFleet({ workers: 2 });
    const redis = lookInto(fleet.redis);
    await redis.config("SET", "maxmemory", "1mb");
    await sleep(4_000);
    await redis.config("SET", "maxmemory", "0");
    await sleep(1_000);
    await redis.replicaof("127.0.0.1", 1);
    await sleep(4_000);
    await redis.replicaof("NO", "ONE");
    figures.exactly("wrong lines", await wrongLines(fleet), 0);
    figures.told("lines asked again", fleet.server.ledger.length - lines);
    expect(figures.missed("4 s each")).toEqual([]);
  });

  it("a line ends every worker that asks it", async () => {
    const figures = new Figures("a poison line");
    const poison = { custom_id: "poison", body: { model: "m", messages: [{ role: "user", content: "Question 0" }] } };
    const fleet = await startFleet({ workers: 1, first: [poison] });
    let deaths = 0;
    let isOver = false;
    const keepOne = async (): Promise<void> => {
      let [worker] = fleet.workers;
      while (!isOver && worker !== undefined) {
        if (worker.signalCode === null) await Promise.race([once(worker, "exit"), once(fleet.coordinator, "exit")]);
        isOver = fleet.coordinator.exitCode !== null;
        if (isOver) return;
        deaths += 1;
        worker = await startQuickWorker(fleet.user, fleet.redis, fleet.server, concurrency);
      }
    };
    await keepOne();
    const [first, ...others] = fleet.user.lines("out.jsonl");
    figures.atMost("workers that it ended", deaths, 6);
    figures.exactly("it failed as internal, and says why", /^.*worker_crashed/.test(first?.error?.message ?? "") ? 1 : 0, 1);
    figures.exactly("other lines that failed", others.filter(({ error }) => error !== null).length, 0);
    figures.exactly("other lines", others.length, lines);
    expect(figures.missed("one worker at a time")).toEqual([]);
  });
});
