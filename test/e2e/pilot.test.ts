import { expect, test } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer, errorAnswer, type ReceivedCall, type ScriptedServer } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

/** It answers the same question with the same words. */
function answering(): Promise<ScriptedServer> {
  return serve((call) => chatAnswer(`To ${questionOf(call)}`));
}

function questionOf({ body }: Pick<ReceivedCall, "body">): string {
  return /Question \d+/.exec(body)?.[0] ?? "";
}

function run({ url }: ScriptedServer, ...more: string[]): string[] {
  return ["run", "in.jsonl", "--base-url", `${url}/v1`, "-o", "out.jsonl", "-c", "1", ...more];
}

test("lines spread over the file are sent first, then all others, each once, and the output is that of a run without a pilot", async () => {
  // Some are identical, and are picked: each has its own name, which depends on how many of them come before it.
  const lines = questions(40).map(({ body }, at) => ({ body: at % 3 === 0 ? questions(1)[0]?.body : body }));
  const user = new Workplace();
  user.write("in.jsonl", lines);
  const server = await answering();
  const { code, stderr } = await user.runHere(run(server, "--pilot", "4"));
  expect(code).toBe(0);
  expect(server.ledger.length).toBe(40);
  expect(server.ledger.slice(0, 4).map(questionOf)).toEqual(["Question 6", "Question 1", "Question 26", "Question 36"]);
  expect(stderr).toContain("llmbatch: pilot: 4 of 40 lines are sent first\n");
  expect(stderr).toMatch(/pilot: 4 answers; with them, the whole run is expected to take\n +requests +40\n/);

  const other = new Workplace();
  other.write("in.jsonl", lines);
  await other.runHere(run(server));
  expect(user.read("out.jsonl")).toBe(other.read("out.jsonl"));
  expect(server.ledger.length).toBe(80);

  const again = await user.runHere(run(server, "--pilot", "4"));
  expect(again.code).toBe(0);
  expect(server.ledger.length).toBe(80);
  expect(again.stderr).toContain("pilot: 0 answers");
});

test("statistics have each line once, and what the pilot took", async () => {
  const user = new Workplace();
  user.write("in.jsonl", questions(10));
  await user.runHere(run(await answering(), "--pilot", "3", "--cache", "memory"));
  const stats: unknown = JSON.parse(user.read("out.jsonl.stats.json"));
  expect(stats).toMatchObject({ requests_total: 10, requests_completed: 10, requests_failed: 0, prompt_tokens: 100 });
});

test("a pilot of more lines than there are sends all; lines that fail in it are sent again", async () => {
  const user = new Workplace();
  user.write("in.jsonl", questions(3));
  const server = await serve((call) => (call.index === 0 ? errorAnswer(400) : chatAnswer()));
  const { code, stderr } = await user.runHere(run(server, "--pilot", "9"));
  expect(code).toBe(0);
  expect(server.ledger.length).toBe(4);
  expect(stderr).toContain("pilot: 2 answers, 1 failed");
});

test("a pilot that stops ends the run: its answers are kept, and nothing is written", async () => {
  const user = new Workplace();
  user.write("in.jsonl", questions(30));
  const server = await serve((call) => (call.index < 2 ? chatAnswer() : errorAnswer(401, { code: "invalid_api_key" })));
  const { code, stderr } = await user.runHere(run(server, "--pilot", "10"));
  expect(code).toBe(3);
  expect(stderr).toContain("stopped in the pilot: ");
  expect(() => user.read("out.jsonl")).toThrow("ENOENT");
  const sent = server.ledger.length;
  await user.runHere(["estimate", "in.jsonl", "--base-url", `${server.url}/v1`]);
  const { stdout } = await user.runHere(["cache", "has", "in.jsonl", "--base-url", `${server.url}/v1`]);
  expect(stdout).toContain("2 of 30 lines");
  expect(server.ledger.length).toBe(sent);
});

test.each([
  ["stdin", ["run", "-", "-p", "mock", "--pilot", "2"], "--pilot needs files"],
  ["no cache", ["run", "in.jsonl", "-p", "mock", "--pilot", "2", "--cache", "none"], "--pilot needs a cache"],
  ["--refresh", ["run", "in.jsonl", "-p", "mock", "--pilot", "2", "--refresh"], "--pilot does not go with --refresh"],
])("with %s a pilot is refused before anything is sent", async (_, args, why) => {
  const user = new Workplace();
  user.write("in.jsonl", questions(3));
  const { code, stderr, stdout } = await user.runHere(args, user.read("in.jsonl"));
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(stderr).toContain(why);
});
