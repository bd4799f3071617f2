import { execFileSync } from "node:child_process";
import { createReadStream } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openEventLog } from "../../../src/cli/report/event-log.ts";
import { ConfigurationError } from "../../../src/model/errors.ts";
import type { RunEvent } from "../../../src/model/event.ts";
import { attemptEnded, attemptStarted, failed, failure, retryWaited, started, succeeded, usage } from "../../stats/run-events.ts";

let folder = "";
let path = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "llmbatch-log-"));
  path = join(folder, "events.jsonl");
});
afterEach(() => rm(folder, { recursive: true }));

describe("the event log", () => {
  it("has one record for each event, in order, with the keys that scripts depend on", async () => {
    const refused = failure("rate_limit", { retryable: true, statusCode: 429, retryAfterMs: 2000 });
    await log(
      started(7),
      attemptStarted(7),
      attemptEnded(7, { durationMs: 12.34567, failure: refused, usage: usage(5, 0) }),
      retryWaited(7),
      { type: "pause", provider: "openai", model: "m", pauseMs: 2000, reason: "Retry-After" },
      {
        type: "limit-learned",
        provider: "openai",
        model: "m",
        limit: { unit: "tokens", amount: 90_000, periodMs: 60_000, model: "m" },
        source: "headers",
      },
      { type: "concurrency", provider: "openai", model: "m", from: 100, to: 70, reason: "too many" },
      { type: "circuit", provider: "openai", model: "m", state: "open", reason: "refused", waitMs: 1000, isReachable: false },
      { type: "warning", message: "slow down" },
      succeeded(7, "asked", usage(10, 5)),
      failed(8, "timeout"),
    );
    const line = { line_number: 7, custom_id: "request-7" };
    expect((await records()).map(withoutTime)).toEqual([
      { event: "request-start", ...line },
      { event: "attempt-start", ...line, attempt: 1, waited_ms: 0 },
      {
        event: "attempt-end",
        ...line,
        attempt: 1,
        duration_ms: 12.346,
        status_code: 429,
        error: { code: "rate_limit", message: "it was rate_limit" },
        retry_after_ms: 2000,
        usage: {
          prompt_tokens: 5,
          completion_tokens: 0,
          total_tokens: 5,
          cached_tokens: 0,
          cache_write_tokens: 0,
          reasoning_tokens: 0,
        },
      },
      {
        event: "retry-wait",
        ...line,
        attempt: 1,
        wait_ms: 1000,
        error: { code: "server_error", message: "it was server_error" },
      },
      { event: "pause", provider: "openai", model: "m", pause_ms: 2000, reason: "Retry-After" },
      {
        event: "limit-learned",
        provider: "openai",
        model: "m",
        unit: "tokens",
        amount: 90_000,
        period_ms: 60_000,
        source: "headers",
      },
      { event: "concurrency", provider: "openai", model: "m", from: 100, to: 70, reason: "too many" },
      { event: "circuit", provider: "openai", model: "m", state: "open", wait_ms: 1000, reason: "refused" },
      { event: "warning", message: "slow down" },
      { event: "request-end", ...line, status: "succeeded", source: "asked", attempts: 1, request_id: "req_1", status_code: 200 },
      {
        event: "request-end",
        line_number: 8,
        custom_id: "request-8",
        status: "failed",
        attempts: 1,
        error: { code: "timeout", message: "it was timeout" },
      },
    ]);
  });

  it("says what an attempt cost, and whether its provider said so", async () => {
    const billing = { reportedCostUsd: 0.5 };
    const saved = succeeded(4, "cache");
    await log(
      attemptEnded(1, { usage: usage(5, 0), costUsd: 0.25 }),
      attemptEnded(2, { usage: usage(5, 0, { billing }), costUsd: 0.5 }),
      attemptEnded(3, { usage: usage(5, 0), costUsd: null }),
      saved.type === "request-end" ? { ...saved, result: { ...saved.result, costUsd: 0, savedUsd: 0.75 } } : saved,
    );
    const [plain, reported, unknown, recalled] = await records();
    expect(plain).toMatchObject({ cost_usd: 0.25 });
    expect(plain).not.toHaveProperty("cost_is_reported");
    expect(reported).toMatchObject({ cost_usd: 0.5, cost_is_reported: true });
    expect(unknown).toMatchObject({ cost_usd: null });
    expect(recalled).toMatchObject({ cost_usd: 0, saved_usd: 0.75 });
  });

  it("tells the time to the millisecond", async () => {
    const before = new Date().toISOString();
    await log(started(1));
    const [record] = await records();
    expect(record?.["time"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(String(record?.["time"]) >= before).toBe(true);
  });

  it("holds no prompts and no answers", async () => {
    await log(started(1), succeeded(1));
    expect(await readFile(path, "utf8")).not.toContain("secret");
  });

  it("keeps one record to a line, whatever ids and messages hold", async () => {
    const message = 'a\nb\r\n{"time":"forged"}\u2028\u001b[2J\u202e';
    await log({ type: "request-start", customId: "id\n\u0085\ud800", lineNumber: 1 }, { type: "warning", message });
    const text = await readFile(path, "utf8");
    expect(text.split("\n")).toHaveLength(3);
    expect(text).not.toMatch(/[\r\u2028\u202e\u0085]/);
    expect(text).not.toContain("\u001b");
    expect(await records()).toMatchObject([{ custom_id: "id\n\u0085\ud800" }, { message }]);
  });

  it("goes on where an earlier run stopped, and does not glue its first record to a torn one", async () => {
    await log(started(1));
    await log(started(2));
    expect(await records()).toHaveLength(2);
    await writeFile(path, '{"time":"2026-01-01T00:00:00.000Z","eve');
    await log(started(3), started(4));
    const lines = (await readFile(path, "utf8")).split("\n");
    expect(lines.slice(1, 3).map((text) => JSON.parse(text))).toMatchObject([{ line_number: 3 }, { line_number: 4 }]);
  });

  it("is for its owner's eyes, whatever the umask", async () => {
    const umask = process.umask(0);
    try {
      await log(started(1));
    } finally {
      process.umask(umask);
    }
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("loses nothing when many events come at once", async () => {
    await log(...Array.from({ length: 20_000 }, (_, index) => started(index + 1)));
    const lines = (await records()).map((record) => record["line_number"]);
    expect(lines).toEqual(Array.from({ length: 20_000 }, (_, index) => index + 1));
  });
});

describe("a log that cannot be written", () => {
  it("stops the run before it begins when the file cannot be opened", async () => {
    const missing = openEventLog(join(folder, "no", "such", "folder.log"));
    await expect(missing).rejects.toThrow(ConfigurationError);
    await expect(missing).rejects.toThrow(/cannot open the log .*folder\.log: there is no directory .*such; make it first/);
  });

  it("says so once when the disk is full, and lets the run go on", async () => {
    const messages: string[] = [];
    const full = await openEventLog("/dev/full", (message) => messages.push(message));
    for (let line = 1; line <= 100; line += 1) {
      full.observe(started(line));
      await new Promise(setImmediate);
    }
    await full.close();
    full.observe(started(101));
    expect(messages).toEqual([expect.stringMatching(/^the log \/dev\/full cannot be written any more: the disk is full/)]);
  });

  it("drops events, and says how many, when the reader of a pipe does not keep up", async () => {
    execFileSync("mkfifo", [path]);
    const reader = createReadStream(path, "utf8");
    const pipe = await openEventLog(path);
    const event: RunEvent = { type: "warning", message: "x".repeat(1_000_000) };
    for (let count = 0; count < 40; count += 1) pipe.observe(event);
    const reading = readAll(reader);
    await pipe.close();
    const text = await reading;
    const last = JSON.parse(text.trimEnd().split("\n").at(-1) ?? "");
    const written = text.match(/x{1000000}/g)?.length ?? 0;
    expect(last.message).toBe(`${40 - written} events are missing here: the log was not taken as fast as they came`);
    expect(written).toBeLessThan(25);
  });
});

async function log(...events: readonly RunEvent[]): Promise<void> {
  const eventLog = await openEventLog(path);
  for (const event of events) eventLog.observe(event);
  await eventLog.close();
}

async function records(): Promise<Record<string, unknown>[]> {
  const text = await readFile(path, "utf8");
  expect(text.endsWith("\n")).toBe(true);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

function withoutTime(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== "time"));
}
