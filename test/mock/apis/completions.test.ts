import { describe, expect, it } from "vitest";
import { answerOf, prepare } from "./prepare.ts";

const prompt = "What is the capital of France?";

describe("completions", () => {
  it("are answered with texts in place of messages, and counted", () => {
    const { body, promptTokens, completionTokens, demand } = answerOf("/completions", {
      model: "m",
      prompt,
      n: 2,
      max_tokens: 500,
    });
    expect(body).toMatchObject({ object: "text_completion", model: "m", choices: [{ index: 0 }, { index: 1 }] });
    const [{ text, finish_reason: reason }] = body.choices;
    expect(text).toMatch(/^Mock answer [0-9a-f]{6} about What, capital, France\. /);
    expect(reason).toBe("stop");
    expect(promptTokens).toBe(Math.ceil(prompt.length / 4));
    expect(body.usage).toEqual({
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    });
    expect(demand.maxOutputTokens).toBe(1000);
  });

  it("answer several prompts in their order, and say what was cut", () => {
    const { body } = answerOf("/completions", { model: "m", prompt: ["Rivers?", "Mountains?"], n: 2, max_tokens: 20 });
    const texts: string[] = body.choices.map(({ text }: { text: string }) => text);
    expect(texts.map((text) => /Rivers|Mountains/.exec(text)?.[0])).toEqual(["Rivers", "Rivers", "Mountains", "Mountains"]);
    const cut = answerOf("/completions", { model: "m", prompt: [1, 2, 3], max_tokens: 2 });
    expect(cut.body.choices).toEqual([{ text: "Mock ans", index: 0, logprobs: null, finish_reason: "length" }]);
  });

  it.each([
    ["prompt", {}],
    ["prompt", { prompt: [] }],
    ["prompt", { prompt: [{ text: "x" }] }],
    ["max_tokens", { prompt, max_tokens: 0 }],
    ["n", { prompt, n: "two" }],
  ])("refuse a wrong %s", (name, more) => {
    const { ok, reply } = prepare("/completions", { model: "m", ...more });
    expect(ok).toBe(false);
    expect(JSON.parse(reply.body).error).toMatchObject({ param: name, message: expect.stringContaining(`'${name}'`) });
  });
});
