import { describe, expect, it } from "vitest";
import { answerOf, prepare } from "./prepare.ts";

const question = { role: "user", content: "What is the capital of France?" };
const message = (more: object = {}): object => ({ model: "m", max_tokens: 500, messages: [question], ...more });

describe("messages", () => {
  it("are answered in Anthropic's shape, and counted with the system prompt", () => {
    const { body, promptTokens, completionTokens, demand } = answerOf("/messages", message({ system: "Be brief." }));
    expect(body).toMatchObject({ type: "message", role: "assistant", model: "m", stop_reason: "end_turn", stop_sequence: null });
    expect(body.content).toEqual([{ type: "text", text: expect.stringContaining("about What, capital, France.") }]);
    expect(promptTokens).toBe(3 + Math.ceil((question.content.length + "Be brief.".length) / 4));
    expect(body.usage).toMatchObject({ input_tokens: promptTokens, output_tokens: completionTokens });
    expect(demand.maxOutputTokens).toBe(500);
  });

  it("are cut at max_tokens, and say so", () => {
    const { body } = answerOf("/messages", message({ max_tokens: 2 }));
    expect(body).toMatchObject({ stop_reason: "max_tokens", usage: { output_tokens: 2 } });
  });

  it.each([
    ["max_tokens", { max_tokens: undefined }],
    ["messages", { messages: [] }],
  ])("refuse a wrong %s", (name, more) => {
    const { ok, reply } = prepare("/messages", message(more));
    expect(ok).toBe(false);
    expect(JSON.parse(reply.body).error.message).toContain(`'${name}'`);
  });
});
