import { describe, expect, it } from "vitest";
import { chat, piece } from "../providers/protocols/stream-pieces.ts";
import { serve } from "../support/closing.ts";
import { chatAnswer, errorAnswer, type Reply, type Script, streamed } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

const choice = { index: 0, message: { role: "assistant", content: "half" } };

function inPieces(content: string, finishReason: string | null): Reply {
  return streamed(chat([piece({ role: "assistant", content }), piece({}, {}, finishReason)]));
}

interface Outcome {
  readonly user: Workplace;
  /** Requests that came, of all runs. */
  readonly asked: number;
  readonly code: number | null;
}

/** A command over so many lines, one after the other, that can be given again. */
async function command(lines: number, script: Script, ...more: string[]): Promise<() => Promise<Outcome>> {
  const server = await serve(script);
  const user = new Workplace();
  user.write("in.jsonl", questions(lines));
  const args = ["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl", "--retry-delay", "0.001", "-c", "1", ...more];
  return async () => {
    const { code } = await user.runHere(args);
    return { user, asked: server.ledger.length, code };
  };
}

async function run(...args: Parameters<typeof command>): Promise<Outcome> {
  return (await command(...args))();
}

describe("an answer that broke off", () => {
  it.each<[string, string[], (content: string, finishReason: string) => Reply]>([
    [
      "in one piece",
      [],
      (content, reason) => chatAnswer(content, { choices: [{ ...choice, message: { content }, finish_reason: reason }] }),
    ],
    ["streamed", ["--stream"], inPieces],
  ])("is asked for again, and never kept in the cache: %s", async (_name, args, reply) => {
    const script: Script = ({ index }) => (index % 2 === 0 ? reply("half", "abort") : reply("whole", "stop"));
    const runOnce = await command(1, script, "--max-retries", "0", ...args);
    const first = await runOnce();
    expect([first.code, first.user.lines("out.jsonl")[0]?.error?.code]).toEqual([1, "server_error"]);
    const again = await runOnce();
    expect([again.code, again.asked]).toEqual([0, 2]);
    expect(again.user.read("out.jsonl")).toContain("whole");
    expect(await run(1, script, ...args)).toMatchObject({ code: 0, asked: 2 });
  });
});

describe("a stream that says that it is over, and not why", () => {
  it("is asked for twice where its server never says why, not six times", async () => {
    const { user, asked, code } = await run(1, () => inPieces("text", null), "--stream");
    expect([code, asked]).toEqual([1, 2]);
    expect(user.lines("out.jsonl")[0]?.error).toMatchObject({
      code: "incomplete_stream",
      message: expect.stringMatching(/does not say why its answer ended; try it without streaming.*twice alike/),
    });
  });

  it("is asked for like any that was cut where its server says why otherwise", async () => {
    const reasons = ["stop", null, null, null, null, "stop"];
    const { asked, code } = await run(2, ({ index }) => inPieces("text", reasons[index] ?? null), "--stream");
    expect([code, asked]).toEqual([0, 6]);
  });
});

describe("retries that cannot help", () => {
  it("are not made: an answer that is no JSON is asked for once more, a wrong parameter not at all", async () => {
    const page = await run(1, ({ index }) => ({ body: `<html><title>Sign in</title>request ${index}</html>` }));
    expect([page.asked, page.user.lines("out.jsonl")[0]?.error?.code]).toEqual([2, "invalid_response"]);
    const parameter = await run(1, () => errorAnswer(500, { code: "unknown_parameter", param: "top_k" }));
    expect([parameter.asked, parameter.user.lines("out.jsonl")[0]?.error?.code]).toEqual([1, "invalid_request"]);
  });
});

it("statistics count the thinking that the server counted, and left out of the completion", async () => {
  const usage = {
    prompt_tokens: 10,
    completion_tokens: 5,
    total_tokens: 315,
    completion_tokens_details: { reasoning_tokens: 300 },
  };
  const { user } = await run(3, () => chatAnswer("x", { usage }));
  expect(JSON.parse(user.read("out.jsonl.stats.json"))).toMatchObject({
    completion_tokens: 915,
    total_tokens: 945,
    reasoning_tokens: 900,
  });
});
