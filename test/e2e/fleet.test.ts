import { once } from "node:events";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { noRedis, RedisServer } from "../support/redis-server.ts";
import { delayed, errorAnswer, type ReceivedCall, type Reply, type ScriptedServer } from "../support/scripted-server.ts";
import { answerTo, countEach, kill, questionOf, undisturbedOutput } from "../trials/commands.ts";
import { questions, Workplace } from "./cli.ts";
import { coordinate, lookInto, said, startQuickWorker, startWorker } from "./fleet.ts";

if (noRedis !== undefined) console.log(`skipped: ${noRedis}`);

/** Some lines fail, at once or after retries. */
function answer(call: ReceivedCall): Reply {
  const question = questionOf(call);
  if (question % 50 === 7) return errorAnswer(400, { message: "no such question" });
  return question % 50 === 11 ? errorAnswer(500) : answerTo(call);
}

const lines = questions(300);

function singleProcess(url: string): Promise<string> {
  return undisturbedOutput(
    ["run", "in.jsonl", "-o", "out.jsonl", "-q", "--base-url", `${url}/v1`, "--retry-delay", "0.001"],
    lines,
  );
}

describe.skipIf(noRedis !== undefined)("many machines", () => {
  it("give what one process gives, byte for byte, leave nothing of it in Redis, keep its limits together, and end when they are told to", async () => {
    const [redis, server] = [await RedisServer.start(), await serve(answer)];
    const expected = await singleProcess(server.url);
    const before = server.ledger.length;
    const user = new Workplace();
    user.write("in.jsonl", lines);
    user.environment["LLMBATCH_RPM"] = "1";
    const workers = [1, 2].map(() => startWorker(user, redis, server, "-c", "20"));
    await Promise.all(workers.map((worker) => said(worker, "--rpm has no effect at a worker")));
    delete user.environment["LLMBATCH_RPM"];
    // The coordinator needs no key.
    delete user.environment["OPENAI_API_KEY"];
    const { code, stderr } = await user.runHere(coordinate(redis, server));
    expect(code, stderr).toBe(1);
    expect(user.read("out.jsonl")).toBe(expected);
    const asked = server.ledger.slice(before);
    expect([...countEach(asked.map(questionOf)).values()].filter((count) => count > 1)).toHaveLength(6); // those with retries
    expect(asked.every(({ headers }) => headers["authorization"] === "Bearer sk-test-0123456789")).toBe(true);
    const left = await lookInto(redis).keys("*");
    expect(
      // The limits of the account are no run's: they expire by themselves.
      left.filter((key) => !/:limit:|:(?:workers(?::until)?|chunks-\d+:(?:meta|events|id|stalled-check|marker))$/.test(key)),
    ).toEqual([]);

    // A run's limits hold for all of them, and none that a worker has by itself.
    user.write("in.jsonl", questions(20));
    const from = server.ledger.length;
    const limited = await user.runHere(
      coordinate(redis, server, "--refresh", "--limit", "requests=10/1s,burst=1", "--rpm", "1e6"),
    );
    expect(limited.code, limited.stderr).toBe(1);
    const arrivals = server.ledger.slice(from).map(({ arrivedAt }) => arrivedAt);
    // 19 after the first at ten a second, and those that are asked again; each worker by itself would take half of that.
    expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(1_500);
    const [first, second] = workers;
    first?.kill("SIGTERM");
    expect(first && (await once(first, "exit"))).toEqual([0, null]);
    // Nor does one need Redis to end.
    await redis.kill();
    second?.kill("SIGTERM");
    expect(second && (await once(second, "exit"))).toEqual([0, null]);
  });

  it("keep a worker busy with lines that are large, and behind one that takes its time", async () => {
    const [redis, user] = [await RedisServer.start(), new Workplace()];
    const [large, all, concurrency] = [60, 3_200, 20]; // chunks of 50 lines, but of two that are large
    const server: ScriptedServer = await serve(async (call) => {
      await server.until(() => server.ledger.length >= (questionOf(call) === 1 ? all : concurrency));
      return answerTo(call);
    });
    const padding = "x".repeat(100_000);
    user.write("in.jsonl", [...questions(large, { padding }), ...questions(all).slice(large)]);
    startWorker(user, redis, server, "-c", String(concurrency));
    const { code, stderr } = await user.runHere(coordinate(redis, server));
    expect(code, stderr).toBe(0);
    expect(server.ledger).toHaveLength(all);
  });

  it("may be one: the coordinator works, too, and gives way to live clients; no text needs to become code", async () => {
    const [redis, server] = [await RedisServer.start(), await serve(answerTo)];
    const user = new Workplace();
    user.write("in.jsonl", questions(20));
    user.environment["NODE_OPTIONS"] = "--disallow-code-generation-from-strings";
    const { code, stderr } = await user.run(coordinate(redis, server, "--with-worker"));
    expect(code, stderr).toBe(0);
    expect(server.ledger.map(({ headers }) => headers["x-llmbatch-priority"])).toEqual(Array(20).fill("batch"));
  });

  it("go on when a worker is killed, and pay again only for what was in flight", async () => {
    const [redis, server] = [await RedisServer.start(), await serve((call) => delayed(20, answerTo(call)))];
    const user = new Workplace();
    user.write("in.jsonl", lines);
    const [first] = [await startQuickWorker(user, redis, server), await startQuickWorker(user, redis, server)];
    const run = user.runHere(coordinate(redis, server));
    await server.until(() => server.ledger.length > 60);
    await kill(first, "SIGKILL");
    const { code, stderr } = await run;
    expect(code, stderr).toBe(0);
    expect(user.lines("out.jsonl").map(({ custom_id: id }) => id)).toEqual(lines.map(({ custom_id: id }) => id));
    expect(server.ledger.length - lines.length).toBeLessThanOrEqual(2 * 8);
  });

  it("go on when Redis loses everything, and say so", async () => {
    const [redis, server] = [await RedisServer.start(), await serve((call) => delayed(10, answerTo(call)))];
    const user = new Workplace();
    user.write("in.jsonl", lines);
    await startQuickWorker(user, redis, server);
    const run = user.runHere(coordinate(redis, server));
    await server.until(() => server.ledger.length > 100);
    await redis.kill();
    await redis.start();
    const { code, stderr } = await run;
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/is away.*going on when it is back\n[^]*is back/);
    expect(user.lines("out.jsonl").map(({ custom_id: id }) => id)).toEqual(lines.map(({ custom_id: id }) => id));
  });

  it("keep keys out of Redis, and with a secret what is asked and answered, too", async () => {
    const [redis, server] = [await RedisServer.start(), await serve(answerTo)];
    const user = new Workplace();
    user.environment["FLEET_SECRET"] = "correct horse";
    user.write("in.jsonl", questions(20));
    const seen: string[] = [];
    const monitor = await lookInto(redis).monitor();
    monitor.on("monitor", (_time: string, args: string[]) => seen.push(args.join(" ")));
    startWorker(user, redis, server, "--queue-secret-env", "FLEET_SECRET");
    const { code, stderr } = await user.runHere(coordinate(redis, server, "--queue-secret-env", "FLEET_SECRET"));
    monitor.disconnect();
    expect(code, stderr).toBe(0);
    expect(seen.length).toBeGreaterThan(100);
    const unpacked = seen.flatMap((text) => [text, ...(text.match(/[A-Za-z0-9+/]{40,}={0,2}/g) ?? [])].map(asWritten));
    expect(unpacked.filter((text) => /sk-test|Question|answer to question/.test(text))).toEqual([]);
  });
});

/** Of base64 and gzip, what was packed. */
function asWritten(text: string): string {
  const bytes = Buffer.from(text, "base64");
  try {
    return bytes.subarray(0, 2).toString("hex") === "1f8b" ? gunzipSync(bytes).toString() : text + bytes.toString("latin1");
  } catch {
    return text;
  }
}
