import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answerOf, prepare } from "./prepare.ts";
import { anyCharacter } from "../../text/any-character.ts";

const user = (content: unknown): object => ({ role: "user", content });
const chat = (more: object = {}, content: unknown = "What is the capital of France?"): object => ({
  model: "m",
  messages: [
    { role: "system", content: "Be brief." },
    user("old question"),
    { role: "assistant", content: "old answer" },
    user(content),
  ],
  ...more,
});

describe("chat completions", () => {
  it("answers about the last user message, and counts what it wrote", () => {
    const { body, promptTokens, completionTokens } = answerOf("/chat/completions", chat());
    expect(body).toMatchObject({ object: "chat.completion", model: "m", choices: [{ index: 0, finish_reason: "stop" }] });
    const { content } = body.choices[0].message;
    expect(content).toMatch(/^Mock answer [0-9a-f]{6} about What, capital, France\. /);
    expect(completionTokens).toBe(Math.ceil(content.length / 4));
    expect(promptTokens).toBe(4 * 3 + Math.ceil("Be brief.old questionold answerWhat is the capital of France?".length / 4));
    expect(body.usage).toMatchObject({
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    });
    expect(body.usage).toMatchObject({
      prompt_tokens_details: { cached_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    });
  });

  it("is valid JSON and honest about its length for any text and any limit", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: anyCharacter }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 5 }),
        (question, limit, n) => {
          const { body, completionTokens } = answerOf("/chat/completions", chat({ max_tokens: limit, n }, question));
          expect(body.choices).toHaveLength(n);
          let sum = 0;
          for (const { message, finish_reason: finishReason } of body.choices) {
            const tokens = Math.ceil(message.content.length / 4);
            expect(tokens).toBeLessThanOrEqual(limit);
            expect(finishReason).toBe(tokens < limit ? "stop" : finishReason);
            sum += tokens;
          }
          expect(completionTokens).toBe(sum);
        },
      ),
    );
  });

  it("cuts at max_completion_tokens, which wins over max_tokens, and says so", () => {
    const { body } = answerOf("/chat/completions", chat({ max_completion_tokens: 2, max_tokens: 1000 }));
    expect(body.choices[0]).toMatchObject({ finish_reason: "length", message: { content: "Mock ans" } });
    expect(body.usage.completion_tokens).toBe(2);
    expect(answerOf("/chat/completions", chat({ max_completion_tokens: null, max_tokens: 1 })).body.usage.completion_tokens).toBe(
      1,
    );
  });

  it("never cuts a character in half", () => {
    for (let limit = 1; limit < 15; limit += 1) {
      const { content } = answerOf("/chat/completions", chat({ max_tokens: limit }, "\u{1D518}".repeat(40))).body.choices[0]
        .message;
      expect(Buffer.from(content).toString()).toBe(content);
      expect(Math.ceil(content.length / 4)).toBe(limit);
    }
  });

  it("answers JSON to requests for JSON", () => {
    for (const type of ["json_object", "json_schema"]) {
      const { body } = answerOf("/chat/completions", chat({ response_format: { type } }));
      expect(JSON.parse(body.choices[0].message.content)).toMatchObject({ keywords: ["What", "capital", "France"] });
    }
  });

  it("gives different choices, and other answers for another seed or body", () => {
    const five = texts(0, { n: 5 });
    expect(new Set(five).size).toBeGreaterThan(1);
    expect(texts(0, { n: 5 })).toEqual(five);
    expect(texts(1, { n: 5 })).not.toEqual(five);
    expect(texts(0, { n: 5, temperature: 0 })).not.toEqual(five);
  });

  it("reads text from content parts, and takes messages without any", () => {
    const parts = [
      { type: "image_url", image_url: { url: "data:," } },
      { type: "text", text: "What is the capital of France?" },
      null,
      7,
    ];
    expect(answerOf("/chat/completions", chat({}, parts)).body.choices[0].message.content).toContain(
      "about What, capital, France.",
    );
    for (const content of [null, 7, [], {}, ""])
      expect(answerOf("/chat/completions", chat({}, content)).body.choices[0].message.content).toMatch(
        /^Mock answer [0-9a-f]{6}\. /,
      );
  });

  it("says how much it has itself and how much may be answered, if anything limits that", () => {
    const limited = chat({ max_tokens: 1000, n: 3 });
    const demand = { inputTokens: bodyTokens(limited), maxOutputTokens: 3000 };
    expect(answerOf("/chat/completions", limited).demand).toEqual(demand);
    const free = chat({ n: 2 });
    expect(answerOf("/chat/completions", free).demand).toEqual({ inputTokens: bodyTokens(free), maxOutputTokens: undefined });
  });

  it("answers as long as the question asks for, within the limit", () => {
    const lengthOf = (content: string, more = {}) => answerOf("/chat/completions", chat(more, content)).completionTokens;
    expect(lengthOf("Answer in 7 tokens.")).toBe(7);
    expect(lengthOf("Answer in 700 tokens.", { max_tokens: 1000, n: 2 })).toBe(1400);
    expect(lengthOf("Answer in 700 tokens.", { max_tokens: 100 })).toBe(100);
    const { finish_reason: reason } = answerOf("/chat/completions", chat({ max_tokens: 9 }, "in 9 tokens")).body.choices[0];
    expect(reason).toBe("stop");
  });

  it.each([
    ["messages", chat({ messages: undefined }), "missing_required_parameter"],
    ["messages", chat({ messages: [] }), "invalid_value"],
    ["messages", chat({ messages: "Hi" }), "invalid_value"],
    ["messages", chat({ messages: ["Hi"] }), "invalid_value"],
    ["max_tokens", chat({ max_tokens: 0 }), "invalid_value"],
    ["max_completion_tokens", chat({ max_completion_tokens: "5" }), "invalid_value"],
    ["n", chat({ n: 129 }), "invalid_value"],
    ["n", chat({ n: 1.5 }), "invalid_value"],
  ])("refuses a wrong %s: %j", (param, body, code) => {
    const { ok, reply } = prepare("/chat/completions", body);
    expect(ok).toBe(false);
    expect(reply.statusCode).toBe(400);
    expect(JSON.parse(reply.body)).toEqual({
      error: { message: expect.stringContaining(`'${param}'`), type: "invalid_request_error", param, code },
    });
  });
});

describe("streams", () => {
  it("carry the answer in pieces, then why it ended, then [DONE]", () => {
    const all = eventsOf({});
    expect(all.pop()).toBe("[DONE]");
    const chunks = all.map((event) => JSON.parse(event));
    expect(new Set(chunks.map(({ id, object }) => `${id} ${object}`)).size).toBe(1);
    expect(chunks.map(({ choices }) => choices[0].delta.content ?? "").join("")).toMatch(
      /^Mock answer [0-9a-f]{6} about What, capital, France\. .+\.$/,
    );
    expect(chunks.at(-1).choices[0]).toMatchObject({ delta: {}, finish_reason: "stop" });
    expect(chunks.some((chunk) => "usage" in chunk)).toBe(false);
  });

  it("report usage in a last chunk of its own when asked to", () => {
    const chunks = eventsOf({ stream_options: { include_usage: true }, max_tokens: 5, n: 2 })
      .slice(0, -1)
      .map((event) => JSON.parse(event));
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 10 } });
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
    expect(
      chunks
        .slice(0, -1)
        .filter(({ choices }) => choices[0].finish_reason === "length")
        .map(({ choices }) => choices[0].index),
    ).toEqual([0, 1]);
  });
});

describe("any request", () => {
  it.each(["", "{", "[]", "null", '"text"', "7", "\u0000", '{"model":"m",}', "[".repeat(100_000)])(
    "that is no JSON object gets a 400",
    (text) => {
      const { ok, reply } = prepare("/chat/completions", text);
      expect(ok).toBe(false);
      expect(reply.statusCode).toBe(400);
      expect(JSON.parse(reply.body).error).toMatchObject({ type: "invalid_request_error", param: null, code: null });
    },
  );

  it.each([{}, { model: "" }, { model: 7 }, { model: null }])("without a model gets a 400: %j", (body) => {
    expect(prepare("/embeddings", { input: "a", ...body }).reply).toMatchObject({
      statusCode: 400,
      body: expect.stringContaining("model"),
    });
  });

  it("for the model that does not exist gets a 404", () => {
    const { reply } = prepare("/chat/completions", chat({ model: "does-not-exist" }));
    expect(reply.statusCode).toBe(404);
    expect(JSON.parse(reply.body).error).toMatchObject({ type: "invalid_request_error", param: null, code: "model_not_found" });
  });
});

/** The events of a stream, without their frame. */
function eventsOf(more: object): string[] {
  const { ok, reply } = prepare("/chat/completions", chat({ stream: true, ...more }));
  expect(ok).toBe(true);
  expect(reply.contentType).toMatch(/^text\/event-stream/);
  expect(reply.body.endsWith("\n\n")).toBe(true);
  return reply.body
    .trimEnd()
    .split("\n\n")
    .map((event) => event.replace(/^data: /, ""));
}

/** The contents of all choices. */
function texts(seed: number, more: object): string[] {
  const { choices } = answerOf("/chat/completions", chat(more), seed).body;
  return choices.map(({ message }: { message: { content: string } }) => message.content);
}

function bodyTokens(body: object): number {
  return Math.ceil(JSON.stringify(body).length / 4);
}
