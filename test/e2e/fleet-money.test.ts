import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { noRedis, RedisServer } from "../support/redis-server.ts";
import { rateLimited, type ScriptedServer, streamed } from "../support/scripted-server.ts";
import { chat, chunkHead, piece } from "../providers/protocols/stream-pieces.ts";
import { questionOf } from "../trials/commands.ts";
import { questions, Workplace } from "./cli.ts";
import { coordinate, startWorker } from "./fleet.ts";

const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };
const begun = piece({ content: "An ans" });
const ended = piece({ content: "wer" }, {}, "stop");
const whole = chat([begun, ended, { ...chunkHead, choices: [], usage }]);
/** Billed, and broken off. */
const cut = chat([begun, { ...chunkHead, choices: [], usage }]).replace("data: [DONE]\n\n", "");

const shown = [
  "requests_completed",
  "requests_failed",
  "attempts",
  "retries",
  "rate_limited",
  "prompt_tokens",
  "completion_tokens",
  "cost_usd",
];

function statsOf(user: Workplace): Record<string, unknown> {
  const stats: Record<string, unknown> = JSON.parse(user.read("out.jsonl.stats.json"));
  return Object.fromEntries(shown.map((key) => [key, stats[key]]));
}

/** Each line's first answer breaks off, and all of the first line's; the second line is throttled before. */
function serveCutStreams(): Promise<ScriptedServer> {
  return serve((call, ledger) => {
    const asked = ledger.filter((other) => questionOf(other) === questionOf(call)).length;
    if (questionOf(call) === 2 && asked === 1) return rateLimited("0");
    return streamed(questionOf(call) === 1 || asked === (questionOf(call) === 2 ? 2 : 1) ? cut : whole);
  });
}

describe.skipIf(noRedis !== undefined)("what a fleet pays", () => {
  it("counts answers that broke off at a worker, and attempts there, as one process does", async () => {
    const lines = questions(5, { stream: true });
    const [alone, user] = [new Workplace(), new Workplace()];
    for (const one of [alone, user]) {
      one.write("in.jsonl", lines);
      one.write("prices.json", JSON.stringify({ "test-model": { input: 1, output: 2 } }));
    }
    const retries = ["--max-retries", "2", "--retry-delay", "0.001"];
    const { url } = await serveCutStreams();
    const args = ["run", "in.jsonl", "-o", "out.jsonl", "--base-url", `${url}/v1`, "--prices", "prices.json"];
    expect((await alone.runHere([...args, ...retries])).code).toBe(1);
    const [redis, server] = [await RedisServer.start(), await serveCutStreams()];
    startWorker(user, redis, server, ...retries);
    expect((await user.runHere(coordinate(redis, server, "--prices", "prices.json"))).code).toBe(1);
    expect(statsOf(user)).toEqual(statsOf(alone));
    expect(statsOf(user)).toMatchObject({ requests_completed: 4, requests_failed: 1, attempts: 12, retries: 7, rate_limited: 1 });
  });
});
