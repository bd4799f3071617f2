import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer, streamed } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

const again = ["--retry-empty", "--retry-delay", "0"];

describe("row 48: an empty answer", () => {
  it("is an answer like any other, unless --retry-empty says that it is asked again, as it was", async () => {
    const server = await serve(({ index }) => chatAnswer(index < 3 ? "" : "Hello!"));
    const user = new Workplace();
    user.write("in.jsonl", questions(1, { temperature: 0 }));
    const run = ["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl"];
    expect(await user.runHere([...run, "--cache", "none"])).toMatchObject({ code: 0 });
    expect(server.ledger).toHaveLength(1);

    const { code, stderr } = await user.runHere([...run, ...again, "--log", "log.jsonl"]);
    expect(code, stderr).toBe(0);
    expect(new Set(server.ledger.map(({ body }) => body)).size).toBe(1);
    expect(user.read("out.jsonl")).toContain("Hello!");
    expect(user.read("log.jsonl")).toContain("HTTP 200: the answer is empty: it has no text, and calls no tool");
    expect(JSON.parse(user.read("out.jsonl.stats.json"))).toMatchObject({ attempts: 3, retries: 2, prompt_tokens: 30 });
  });

  it("that an earlier run has kept is not taken from the cache, but asked again", async () => {
    const server = await serve(({ index }) => chatAnswer(index === 0 ? " " : "Hello!"));
    const user = new Workplace();
    user.write("in.jsonl", questions(2));
    const run = ["run", "in.jsonl", "--base-url", server.url, "-c", "1", "-o", "out.jsonl"];
    for (const flags of [[], again, again]) expect(await user.runHere([...run, ...flags])).toMatchObject({ code: 0 });
    expect(server.ledger.map(({ body }) => /Question \d/.exec(body)?.[0])).toEqual(["Question 1", "Question 2", "Question 1"]);
    expect(user.lines("out.jsonl")).toHaveLength(2);
    expect(user.read("out.jsonl").match(/Hello!/g)).toHaveLength(2);
  });

  it("that stays empty fails its line after --max-retries, and is kept with it, because it was paid", async () => {
    const events = 'data: {"choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
    const server = await serve(({ index }) => (index === 0 ? streamed(events) : chatAnswer("")));
    const user = new Workplace();
    user.write("in.jsonl", questions(1));
    const run = ["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl", ...again, "--max-retries", "2"];
    expect(await user.runHere(run)).toMatchObject({ code: 1 });
    expect(server.ledger).toHaveLength(3);
    const [line] = user.lines("out.jsonl");
    expect(line?.error).toMatchObject({ code: "invalid_response", attempts: 3, message: expect.stringContaining("is empty") });
    expect(line?.response).toMatchObject({ status_code: 200, request_id: "req_1", body: { object: "chat.completion" } });
  });

  it("is an answer if it calls a tool", async () => {
    const message = { role: "assistant", content: null, tool_calls: [{ id: "a", type: "function", function: { name: "f" } }] };
    const server = await serve(() => chatAnswer("", { choices: [{ index: 0, message, finish_reason: "tool_calls" }] }));
    const user = new Workplace();
    user.write("in.jsonl", questions(1));
    expect(await user.runHere(["run", "in.jsonl", "--base-url", server.url, ...again])).toMatchObject({ code: 0 });
    expect(server.ledger).toHaveLength(1);
  });
});
