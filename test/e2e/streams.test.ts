import { describe, expect, it } from "vitest";
import { chat, piece } from "../providers/protocols/stream-pieces.ts";
import { serve } from "../support/closing.ts";
import { chatAnswer, cutInBody, type Reply, streamed } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

function inPieces(content: string): Reply {
  const usage = { choices: [], usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } };
  return streamed(chat([piece({ role: "assistant", content: "" }), piece({ content }), piece({}, {}, "stop"), usage]));
}

function wantsStream(body: string): boolean {
  const { stream }: { stream?: boolean } = JSON.parse(body);
  return stream === true;
}

describe("streams", () => {
  it("give the lines that answers in one piece give, and are asked again when they break off", async () => {
    const server = await serve((call) => (call.index === 0 ? cutInBody(400, inPieces("Hello!")) : inPieces("Hello!")));
    const user = new Workplace();
    user.write("in.jsonl", questions(3));
    const args = ["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl", "--retry-delay", "0.01"];
    const first = await user.runHere([...args, "--stream"]);
    expect(first.code, first.stderr).toBe(0);
    expect(server.ledger).toHaveLength(4);
    expect(server.ledger.every(({ body }) => wantsStream(body) && body.includes("include_usage"))).toBe(true);
    expect(user.lines("out.jsonl").map(({ response }) => response?.body)).toEqual(
      Array.from({ length: 3 }, () => expect.objectContaining({ object: "chat.completion", usage: expect.anything() })),
    );
    expect(JSON.parse(user.read("out.jsonl.stats.json"))).toMatchObject({ attempts: 4, retries: 1, prompt_tokens: 30 });
    const output = user.read("out.jsonl");

    const second = await user.runHere(args);
    expect(second.code).toBe(0);
    expect(server.ledger, "a run without --stream finds the answers").toHaveLength(4);
    expect(user.read("out.jsonl")).toBe(output);
  });

  it("are asked for by lines that say so, which are sent as written", async () => {
    const server = await serve((call) => (wantsStream(call.body) ? inPieces("in pieces") : chatAnswer("in one")));
    const user = new Workplace();
    const [plain, streaming] = [questions(1), questions(1, { stream: true })].flat();
    user.write("in.jsonl", [plain, { ...streaming, custom_id: "streaming" }]);
    const { code, stdout } = await user.runHere(["run", "in.jsonl", "--base-url", server.url, "--concurrency", "1"]);
    expect(code).toBe(0);
    expect(server.ledger.map(({ body }) => body)).toEqual([plain, streaming].map((line) => JSON.stringify(line?.body)));
    expect(stdout).toMatch(/in one.*\n.*in pieces/);
  });

  it("can be tried against the mock provider", async () => {
    const user = new Workplace();
    const message = { params: { model: "m", max_tokens: 50, messages: [{ role: "user", content: "Hello" }] } };
    const response = { url: "/v1/responses", body: { model: "m", input: "Hello" } };
    user.write("in.jsonl", [...questions(2), message, response, { model: "text-embedding-m", input: "to embed" }]);
    for (const more of [["--stream"], ["--refresh"]]) {
      const { code, stderr } = await user.runHere(["run", "in.jsonl", "--provider", "mock", "-o", "out.jsonl", ...more]);
      expect(code, stderr).toBe(0);
      expect(user.lines("out.jsonl").map(({ error }) => error)).toEqual([null, null, null, null, null]);
      expect(user.lines("out.jsonl")[3]?.response?.body).toMatchObject({ object: "response", status: "completed" });
    }
  });
});
