import { describe, expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import { chatAnswer, streamed } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

const response_format = { type: "json_object" };

describe("--validate-output", () => {
  it("checks answers that came as streams, and says what was wrong with them", async () => {
    const events = 'data: {"choices":[{"index":0,"delta":{"content":"[1"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
    const server = await serve(() => streamed(events));
    const user = new Workplace();
    user.write("in.jsonl", questions(1, { response_format }));
    const run = [
      "run",
      "in.jsonl",
      "--base-url",
      server.url,
      "-o",
      "out.jsonl",
      "--stream",
      "--validate-output",
      "--max-retries",
      "0",
    ];
    const { code, stderr } = await user.runHere(run);
    expect(code).toBe(1);
    expect(stderr).toContain("the answer is not JSON: it breaks off before its end");
    expect(user.lines("out.jsonl")).toMatchObject([{ response: { status_code: 200 }, error: { code: "schema_mismatch" } }]);
  });

  it("fails a cut answer without asking again, and says what to do", async () => {
    const cut = [{ index: 0, message: { role: "assistant", content: '{"a":' }, finish_reason: "length" }];
    const server = await serve(() => chatAnswer("", { choices: cut }));
    const user = new Workplace();
    user.write("in.jsonl", questions(1, { response_format, max_tokens: 5 }));
    const { code } = await user.runHere(["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl", "--validate-output"]);
    expect(code).toBe(1);
    expect(server.ledger).toHaveLength(1);
    const message = "the answer was cut off at its max_tokens of 5 (5 tokens came): raise max_tokens, or ask for less";
    expect(user.lines("out.jsonl")[0]?.error).toEqual({ code: "incomplete_output", message, attempts: 1 });
  });
});

describe("--repair without --validate-output", () => {
  it.each([
    ["--repair", ["--repair"], {}],
    ["LLMBATCH_REPAIR", [], { LLMBATCH_REPAIR: "true" }],
  ])("is a mistake: %s", async (origin, flags, environment) => {
    const user = new Workplace();
    Object.assign(user.environment, environment);
    user.write("in.jsonl", questions(1));
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "-p", "mock", ...flags]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${origin} tells the model what --validate-output finds, and that is off: give it, too`);
  });
});
