import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { MockServer } from "../../src/mock/mock.ts";
import { mock, serve } from "../support/closing.ts";
import { freePort } from "../support/raw-server.ts";
import { chatAnswer, errorAnswer, rateLimited } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

interface LogRecord {
  readonly event: string;
  readonly [key: string]: unknown;
}

function logOf(user: Workplace): LogRecord[] {
  const lines = user.read("log.jsonl").trimEnd().split("\n");
  return lines.map((line): LogRecord => JSON.parse(line));
}

/** A user who asked so many questions with a log, and got an answer to each. */
async function ask(count: number, { url }: MockServer): Promise<Workplace> {
  const user = new Workplace();
  user.write("in.jsonl", questions(count));
  const args = ["run", "in.jsonl", "--base-url", url, "-o", "out.jsonl", "--log", "log.jsonl"];
  const { code, stderr } = await user.runHere(args);
  expect(code, stderr).toBe(0);
  return user;
}

describe("limits that are not set", () => {
  it("are learned from headers: few requests are throttled, and log and statistics show them", async () => {
    const server = await mock({ requestsPerMinute: 4_800, latencyMs: 20 });
    const user = await ask(120, server);
    expect(server.stats()).toMatchObject({ answered: 120 });
    expect(server.stats().refused).toBeLessThanOrEqual(15);
    const learned = { provider: "openai", model: "test-model", unit: "requests", amount: 4_800, source: "headers" };
    expect(JSON.parse(user.read("out.jsonl.stats.json"))).toMatchObject({ limits_learned: [{ ...learned, period_seconds: 60 }] });
    const events = logOf(user);
    expect(events.filter(({ event }) => event === "limit-learned")).toMatchObject([{ ...learned, period_ms: 60_000 }]);
    expect(events.some(({ event, waited_ms: waitedMs }) => event === "attempt-start" && Number(waitedMs) > 100)).toBe(true);
  });

  it.each([
    // The requests of the first moment are more than a second of it.
    [{ requestsPerMinute: 1_500 }, "requests", 1_500],
    [{ tokensPerMinute: 60_000 }, "tokens", 60_000],
  ] as const)("are learned from the first 429 that names them: %o", async (limits, unit, amount) => {
    const server = await mock({ ...limits, latencyMs: 20, limitHeaders: false, retryAfter: "seconds" });
    const user = await ask(60, server);
    const learned = { unit, amount, period_seconds: 60, source: "errors" };
    expect(JSON.parse(user.read("out.jsonl.stats.json"))).toMatchObject({
      limits_learned: expect.arrayContaining([expect.objectContaining(learned)]),
    });
    const pauses = logOf(user).filter(({ event }) => event === "pause");
    expect(pauses.length).toBeLessThanOrEqual(3);
    expect(server.stats()).toMatchObject({ answered: 60 });
  });

  it("are found by being refused where nothing tells, and the log tells of pauses, cuts and growth", async () => {
    const settings = { limitHeaders: false, limitWords: false, retryAfter: "seconds" } as const;
    const server = await mock({ requestsPerMinute: 3_000, latencyMs: 100, ...settings });
    const user = await ask(300, server);
    const { answered, refused } = server.stats();
    expect(answered).toBe(300);
    expect(refused).toBeLessThan(100);
    const events = logOf(user);
    expect(events.filter(({ event }) => event === "pause").length).toBeGreaterThan(0);
    const changes = events.filter(({ event }) => event === "concurrency");
    expect(changes.some(({ from, to }) => Number(to) < Number(from))).toBe(true);
    expect(changes.some(({ from, to }) => Number(to) > Number(from))).toBe(true);
  });

  it("do not change how many are in flight with --no-adaptive", async () => {
    const server = await serve(({ index }) => (index < 80 && index % 4 === 0 ? errorAnswer(429) : chatAnswer()));
    const user = new Workplace();
    user.write("in.jsonl", questions(160));
    const files = ["-o", "out.jsonl", "--log", "log.jsonl"];
    const args = ["run", "in.jsonl", "--base-url", `${server.url}/v1`, ...files, "-c", "80", "--no-adaptive"];
    const { code, stderr } = await user.runHere(args);
    expect(code, stderr).toBe(0);
    expect(logOf(user).filter(({ event }) => event === "concurrency")).toEqual([]);
  });
});

describe("limits that were set", () => {
  it("may be for a day: it is used at once, and then the run waits", async () => {
    const server = await mock();
    const user = new Workplace();
    user.write("in.jsonl", questions(30));
    const args = ["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl", "--limit", "requests=20/1d"];
    const finished = user.runHere(args);
    await expect.poll(() => server.stats().answered).toBe(20);
    process.emit("SIGTERM", "SIGTERM");
    const { code, stderr } = await finished;
    expect(code, stderr).toBe(143);
    expect(server.stats().answered).toBe(20);
  });

  it("for a day leave the rest to a later run when the deadline comes", async () => {
    const server = await mock();
    const user = new Workplace();
    user.write("in.jsonl", questions(3));
    const limits = ["--limit", "requests=1/1d", "--deadline", "0.5"];
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl", ...limits]);
    expect(code, stderr).toBe(3);
  });

  it("of lines and of rates go together under one name", async () => {
    const server = await mock();
    const user = new Workplace();
    user.write("in.jsonl", questions(30));
    const limits = ["--limit", "5", "--limit", "requests=600/1m"];
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl", ...limits]);
    expect(code, stderr).toBe(0);
    expect(server.stats().answered).toBe(5);
  });

  it("that cannot be parsed are rejected with an example", async () => {
    const user = new Workplace();
    user.write("in.jsonl", questions(1));
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "--provider", "mock", "--limit", "requests=many/1d"]);
    expect(code).toBe(2);
    expect(stderr).toContain("--limit: expected a number of lines, or a limit such as requests=10000/1d");
  });
});

describe("a server that is not well", () => {
  it("and fails for ever is asked once for each line and 500 times more, not six times for each", async () => {
    const server = await serve(() => errorAnswer(500));
    const user = new Workplace();
    user.write("in.jsonl", questions(200));
    const args = [
      "run",
      "in.jsonl",
      "--base-url",
      `${server.url}/v1`,
      "-o",
      "out.jsonl",
      "--retry-delay",
      "0.01",
      "--max-failures",
      "201",
    ];
    const { code, stderr } = await user.runHere(args);
    expect(code, stderr).toBe(1);
    expect(server.ledger.length).toBeLessThanOrEqual(200 + 500);
    expect(user.lines("out.jsonl").filter(({ error }) => error?.code === "server_error")).toHaveLength(200);
  });

  it.each([
    ["for 17 hours", "63214", 5],
    ["for ever", "1", 0],
    ["and never says until when", undefined, 0],
  ])("and throttles all %s stops the run instead of hanging it, and says when to come back", async (_, retryAfter, answers) => {
    const server = await serve(({ index }) => (index < answers ? chatAnswer() : rateLimited(retryAfter)));
    const user = new Workplace();
    user.write("in.jsonl", questions(30));
    const args = ["--base-url", `${server.url}/v1`, "-o", "out.jsonl", "--max-retries", "0", "--max-wait", "2"];
    const { code, stderr } = await user.runHere(["run", "in.jsonl", ...args]);
    expect(code, stderr).toBe(3);
    expect(stderr).toMatch(/the server takes no requests for now: .*; the next one may be sent at /);
    expect(stderr).toMatch(/run the same command again/);
    expect(user.lines("out.jsonl.partial").filter(({ error }) => error !== null)).toEqual([]);
  });

  it("and is not there is tried by one request at a time, and then the run stops, resumable", async () => {
    const port = await freePort();
    const user = new Workplace();
    user.write("in.jsonl", questions(200));
    const args = ["--base-url", `http://127.0.0.1:${port}/v1`, "-o", "out.jsonl", "--retry-delay", "0.05", "--max-wait", "1"];
    const { code, stderr } = await user.runHere(["run", "in.jsonl", ...args]);
    expect(code, stderr).toBe(3);
    expect(stderr).toContain("the server cannot be reached");
    expect(JSON.parse(user.read("out.jsonl.stats.json.partial")).attempts).toBeLessThan(150);
  });

  it("and comes back later finds the run going on by itself", async () => {
    const port = await freePort();
    const user = new Workplace();
    user.write("in.jsonl", questions(100));
    const args = ["--base-url", `http://127.0.0.1:${port}/v1`, "-o", "out.jsonl", "--retry-delay", "0.05", "--log", "log.jsonl"];
    const finished = user.runHere(["run", "in.jsonl", ...args]);
    await expect.poll(() => existsSync(user.path("log.jsonl")) && user.read("log.jsonl")).toContain('"circuit"');
    const server = await mock({ port });
    const { code, stderr } = await finished;
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("no request gets through");
    expect(server.stats().answered).toBe(100);
    const states = logOf(user).filter(({ event }) => event === "circuit");
    expect(states.at(0)).toMatchObject({ state: "open" });
    expect(states.at(-1)).toMatchObject({ state: "closed" });
  });
});
