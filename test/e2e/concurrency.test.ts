import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { MockServerOptions } from "../../src/mock/mock.ts";
import { mock, serve } from "../support/closing.ts";
import { deferred } from "../support/deferred.ts";
import { chatAnswer, delayed, type Reply } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

const program = join(import.meta.dirname, "..", "..", "bin", "llmbatch.js");

describe.each([1, 1_000])("--concurrency %i", (concurrency) => {
  it("is reached and never exceeded", async () => {
    const full = deferred<Reply>();
    const server = await serve(({ index }) => {
      // All slots are taken: a request beyond them would show in the peak. Then they become free.
      if (index === concurrency - 1) setTimeout(() => full.resolve(chatAnswer()), 20);
      return index < concurrency ? full.promise : chatAnswer();
    });
    const user = new Workplace();
    user.write("in.jsonl", questions(concurrency + 50));
    const { code, stderr } = await user.runHere([
      "run",
      "in.jsonl",
      "--base-url",
      `${server.url}/v1`,
      "-o",
      "out.jsonl",
      "-c",
      `${concurrency}`,
    ]);
    expect(code, stderr).toBe(0);
    expect(server.peakInFlight).toBe(concurrency);
  });
});

it("is lowered to what the file descriptors are enough for, and no line fails for them", async () => {
  // No connection is free before the descriptors have run out, on a busy machine, too.
  const server = await serve(({ index }) => ({ ...chatAnswer(), delayMs: index < 260 ? 1_000 : 20 }));
  const user = new Workplace();
  user.write("in.jsonl", questions(350));
  const args = ["run", "in.jsonl", "--base-url", `${server.url}/v1`, "-o", "out.jsonl", "-c", "400", "--max-retries", "0"];
  const limited = ["-c", 'ulimit -n 256 && exec "$@"', "bash", process.execPath, program, ...args, "--log", "log.jsonl"];
  const { code, stderr } = await user.finish(user.spawn("bash", limited));
  expect(code, stderr).toBe(0);
  expect(user.read("log.jsonl")).toContain("EMFILE");
  expect(server.ledger).toHaveLength(350);
});

it("one slow request delays no other: the window slides", async () => {
  const slow = deferred<Reply>();
  const server = await serve((call) => (call.body.includes('"Question 1"') ? slow.promise : chatAnswer()));
  const user = new Workplace();
  user.write("in.jsonl", questions(100));
  const finished = user.runHere(["run", "in.jsonl", "--base-url", `${server.url}/v1`, "-o", "out.jsonl", "-c", "10"]);
  await server.until(() => server.ledger.length === 100);
  slow.resolve(chatAnswer("slow"));
  expect((await finished).code).toBe(0);
  expect(user.lines("out.jsonl").map(({ custom_id }) => custom_id)).toEqual(Array.from({ length: 100 }, (_, n) => `q-${n + 1}`));
});

it("equal lines are asked one by one, each gets its own answer, and a second run finds each again", async () => {
  const server = await serve((call) => delayed(5, chatAnswer(`sample ${call.index}`)));
  const user = new Workplace();
  const line = { messages: [{ role: "user", content: "Invent a name" }] };
  user.write("in.jsonl", [line, line, line]);
  const args = ["run", "in.jsonl", "-m", "m", "--base-url", `${server.url}/v1`, "-o", "out.jsonl"];
  await user.runHere(args);
  expect(server.ledger).toHaveLength(3);
  const first = user.read("out.jsonl");
  expect(new Set(first.match(/sample \d/g)).size).toBe(3);
  await user.runHere(args);
  expect(server.ledger).toHaveLength(3);
  expect(user.read("out.jsonl")).toBe(first);
});

it("--dedupe asks once for equal lines and shares the answer", async () => {
  const server = await serve((call) => delayed(20, chatAnswer(`sample ${call.index}`)));
  const user = new Workplace();
  const line = { messages: [{ role: "user", content: "Invent a name" }] };
  user.write("in.jsonl", [line, line, line]);
  const { code } = await user.runHere([
    "run",
    "in.jsonl",
    "-m",
    "m",
    "--base-url",
    `${server.url}/v1`,
    "-o",
    "out.jsonl",
    "--dedupe",
  ]);
  expect(code).toBe(0);
  expect(server.ledger).toHaveLength(1);
  expect(user.lines("out.jsonl")).toHaveLength(3);
});

describe("limits that the server enforces too, with one second of burst", () => {
  const limits: [name: string, options: MockServerOptions, flags: string[], body: object][] = [
    ["--rpm 900", { requestsPerMinute: 900 }, ["--rpm", "900"], {}],
    ["--tpm 30000", { tokensPerMinute: 30_000 }, ["--tpm", "30000"], { max_completion_tokens: 20 }],
  ];

  it.each(limits)("%s is never overstepped", async (_, options, flags, body) => {
    const server = await mock({ latencyMs: 5, ...options });
    const user = new Workplace();
    user.write("in.jsonl", questions(40, body));
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl", ...flags]);
    expect(code, stderr).toBe(0);
    expect(server.stats()).toMatchObject({ answered: 40, refused: 0 });
  });
});
