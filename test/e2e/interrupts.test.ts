import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { deferred } from "../support/deferred.ts";
import { chatAnswer, type Reply, type ScriptedServer } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

/** A server that answers the first `answered` requests, and the rest only when it is told to. */
async function holdBackAfter(answered: number): Promise<{ server: ScriptedServer; letGo: () => void }> {
  const gate = deferred<void>();
  const held = async (reply: Reply): Promise<Reply> => {
    await gate.promise;
    return reply;
  };
  const server = await serve((call) => {
    const reply = chatAnswer(`answer to ${/Question \d+/.exec(call.body)?.[0]}`);
    return call.index < answered ? reply : held(reply);
  });
  return { server, letGo: () => gate.resolve() };
}

/** Resolves once the program has said `words` on stderr. */
function said(child: ChildProcess, words: string): Promise<void> {
  let heard = "";
  return new Promise((resolve) => {
    child.stderr?.on("data", (chunk: Buffer) => {
      heard += chunk.toString();
      if (heard.includes(words)) resolve();
    });
  });
}

describe.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s in the middle", (signal, expectedCode) => {
  it("keeps what is in flight and says so, starts nothing more, and the same command finishes as if undisturbed", async () => {
    const { server, letGo } = await holdBackAfter(20);
    const user = new Workplace();
    user.write("in.jsonl", questions(60));
    const args = ["run", "in.jsonl", "--base-url", `${server.url}/v1`, "-o", "out.jsonl", "-c", "5"];

    const child = user.start(args);
    const finished = user.finish(child);
    await server.until(() => server.ledger.length === 25);
    child.kill(signal);
    await said(child, "nothing more is sent; waiting up to 30 s for 5 requests in flight");
    letGo();
    const { code, stderr } = await finished;
    expect(code).toBe(expectedCode);
    expect(stderr).toMatch(/25 answers are safe in the cache; run the same command again/);
    expect(stderr).not.toMatch(/at .*\.js:\d+/);
    expect(server.ledger, "no request starts after the signal").toHaveLength(25);
    expect(existsSync(user.path("out.jsonl"))).toBe(false);
    expect(existsSync(user.path("out.jsonl.partial"))).toBe(true);
    expect(existsSync(user.path("out.jsonl.lock"))).toBe(false);

    const resumed = await user.runHere(args);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(server.ledger, "nothing is asked twice").toHaveLength(60);

    const undisturbed = new Workplace();
    undisturbed.write("in.jsonl", questions(60));
    await undisturbed.runHere(args);
    expect(user.read("out.jsonl")).toBe(undisturbed.read("out.jsonl"));
  });
});

it("a second Ctrl-C ends it at once, while requests are still in flight", async () => {
  const { server } = await holdBackAfter(0);
  const user = new Workplace();
  user.write("in.jsonl", questions(10));
  const child = user.start(["run", "in.jsonl", "--base-url", `${server.url}/v1`, "-o", "out.jsonl", "-c", "5"]);
  const finished = user.finish(child);
  await server.until(() => server.ledger.length === 5);
  child.kill("SIGINT");
  child.stderr?.once("data", () => child.kill("SIGINT"));
  const { code } = await finished;
  expect(code).toBe(130);
  expect(existsSync(user.path("out.jsonl.lock"))).toBe(false);
});

it("kill -9 in the middle: the next run asks for nothing that was answered, and takes over the lock", async () => {
  const { server, letGo } = await holdBackAfter(30);
  const user = new Workplace();
  user.write("in.jsonl", questions(60));
  const args = ["run", "in.jsonl", "--base-url", `${server.url}/v1`, "-o", "out.jsonl", "-c", "4"];
  const child = user.start(args);
  const finished = user.finish(child);
  await server.until(() => server.ledger.length === 34);
  child.kill("SIGKILL");
  await finished;
  letGo();
  const resumed = await user.runHere(args);
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(server.ledger.length - 34, "only what was in flight is asked again").toBe(60 - 30);
});

it("a second run on the same output refuses while the first one works", async () => {
  const { server, letGo } = await holdBackAfter(0);
  const user = new Workplace();
  user.write("in.jsonl", questions(2));
  const args = ["run", "in.jsonl", "--base-url", `${server.url}/v1`, "-o", "out.jsonl"];
  const first = user.start(args);
  const finished = user.finish(first);
  await server.until(() => server.ledger.length === 2);
  const second = await user.runHere(args);
  expect(second.code).toBe(2);
  expect(second.stderr).toContain(String(first.pid));
  expect(server.ledger).toHaveLength(2);
  letGo();
  expect((await finished).code).toBe(0);
});
