import { describe, expect, it } from "vitest";
import { answerOf, prepare } from "./prepare.ts";

const question = "What is the capital of France?";

describe("responses", () => {
  it("are answered in their own shape, and counted with the instructions", () => {
    const { body, promptTokens, completionTokens, demand } = answerOf("/responses", {
      model: "m",
      instructions: "Be brief.",
      input: question,
      max_output_tokens: 500,
      metadata: { row: "1" },
    });
    expect(body).toMatchObject({ object: "response", status: "completed", model: "m", metadata: { row: "1" }, error: null });
    const [text] = body.output[0].content;
    expect(text).toMatchObject({ type: "output_text", text: expect.stringContaining("about What, capital, France.") });
    expect(promptTokens).toBe(2 * 3 + Math.ceil((question.length + "Be brief.".length) / 4));
    expect(completionTokens).toBe(Math.ceil(text.text.length / 4));
    expect(body.usage).toEqual({
      input_tokens: promptTokens,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: completionTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: promptTokens + completionTokens,
    });
    expect(demand.maxOutputTokens).toBe(500);
  });

  it("understand items whose content is in parts", () => {
    const content = [
      { type: "input_image", image_url: "data:image/png;base64,AAAA" },
      { type: "input_text", text: question },
    ];
    const { body } = answerOf("/responses", { model: "m", input: [{ role: "user", content }] });
    expect(body.output[0].content[0].text).toContain("about What, capital, France.");
  });

  it("are JSON where JSON is asked for", () => {
    const { body } = answerOf("/responses", { model: "m", input: question, text: { format: { type: "json_object" } } });
    expect(JSON.parse(body.output[0].content[0].text)).toMatchObject({ keywords: ["What", "capital", "France"] });
  });

  it.each([
    ["max_output_tokens", { input: "Hi", max_output_tokens: 0 }],
    ["input", {}],
    ["input", { input: [] }],
    ["input", { input: 7 }],
  ])("refuse a wrong %s", (name, more) => {
    const { ok, reply } = prepare("/responses", { model: "m", ...more });
    expect(ok).toBe(false);
    expect(JSON.parse(reply.body).error).toMatchObject({ param: name, message: expect.stringContaining(`'${name}'`) });
  });
});
