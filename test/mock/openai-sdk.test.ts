import { BadRequestError, NotFoundError, OpenAI, RateLimitError } from "openai";
import type { ResponseStreamEvent } from "openai/resources/responses/responses";
import { describe, expect, it } from "vitest";
import type { MockServer, MockServerOptions } from "../../src/mock/mock.ts";
import { mock } from "../support/closing.ts";

/** OpenAI's own client is the judge of whether we speak its language. */
describe("OpenAI's client", () => {
  let server: MockServer;

  async function clientOf(options: MockServerOptions, maxRetries = 0): Promise<OpenAI> {
    server = await mock(options);
    return new OpenAI({ baseURL: server.url, apiKey: "none", maxRetries });
  }

  const messages = [{ role: "user", content: "What is the capital of France?" }] as const;
  const chat = { model: "mock-chat", messages: [...messages] };

  it("reads answers", async () => {
    const openai = await clientOf({});
    const completion = await openai.chat.completions.create({ ...chat, n: 2 });
    expect(completion.choices.map(({ finish_reason, index }) => [index, finish_reason])).toEqual([
      [0, "stop"],
      [1, "stop"],
    ]);
    expect(completion.choices[0]?.message.content).toContain("capital");
    expect(completion.usage?.total_tokens).toBe(server.stats().totalTokens);
    expect(completion).toHaveProperty("_request_id", expect.stringMatching(/^req_[0-9a-f]{32}$/));
  });

  it("reads embeddings, which it asks for in base64, as the same numbers", async () => {
    const openai = await clientOf({});
    const request = { model: "mock-embedding", input: ["one", "two"], dimensions: 5 };
    const decoded = await openai.embeddings.create(request);
    const plain = await openai.embeddings.create({ ...request, encoding_format: "float" });
    expect(decoded.data.map(({ embedding }) => Array.from(embedding))).toEqual(plain.data.map(({ embedding }) => embedding));
    expect(decoded.data.map(({ index }) => index)).toEqual([0, 1]);
  });

  it("reads streams", async () => {
    const openai = await clientOf({});
    const stream = await openai.chat.completions.create({ ...chat, stream: true, stream_options: { include_usage: true } });
    let content = "";
    let finishReason: string | null | undefined;
    let completionTokens: number | undefined;
    for await (const { choices, usage } of stream) {
      content += choices[0]?.delta.content ?? "";
      finishReason = choices[0]?.finish_reason ?? finishReason;
      completionTokens = usage?.completion_tokens ?? completionTokens;
    }
    expect(content).toMatch(/^Mock answer .+\.$/);
    expect(finishReason).toBe("stop");
    expect(completionTokens).toBe(Math.ceil(content.length / 4));
  });

  it("reads responses", async () => {
    const openai = await clientOf({});
    const response = await openai.responses.create({ model: "mock-chat", instructions: "Be brief.", input: "Which capital?" });
    expect(response).toMatchObject({ object: "response", status: "completed", instructions: "Be brief.", error: null });
    expect(response.output_text).toMatch(/^Mock answer .+ about Which, capital\. .+\.$/);
    expect(response.usage?.total_tokens).toBe(server.stats().totalTokens);
  });

  it("reads streams of responses, to the event", async () => {
    const openai = await clientOf({});
    const stream = await openai.responses.create({ model: "mock-chat", input: [...messages], stream: true });
    const events: ResponseStreamEvent[] = [];
    for await (const event of stream) events.push(event);
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, at) => at));
    expect([...new Set(events.map(({ type }) => type))]).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    const text = events.map((event) => (event.type === "response.output_text.delta" ? event.delta : "")).join("");
    const end = events.at(-1);
    expect(end).toMatchObject({ response: { output: [{ content: [{ text }] }], usage: { output_tokens: expect.any(Number) } } });
  });

  it("puts streams of responses together as it does those of OpenAI", async () => {
    const openai = await clientOf({});
    const request = { model: "mock-chat", input: "Which capital?", max_output_tokens: 3 };
    const final = await openai.responses.stream(request).finalResponse();
    expect(final).toMatchObject({ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } });
    expect(final.output_text).toBe("Mock answer ");
    expect(final.usage?.output_tokens).toBe(3);
  });

  it("lists models", async () => {
    const openai = await clientOf({});
    expect((await openai.models.list()).data.map(({ id }) => id)).toContain("mock-chat");
  });

  it("knows our errors for what they are", async () => {
    const openai = await clientOf({});
    const unknown = openai.chat.completions.create({ ...chat, model: "does-not-exist" });
    await expect(unknown).rejects.toBeInstanceOf(NotFoundError);
    await expect(unknown).rejects.toMatchObject({ status: 404, code: "model_not_found" });
    await expect(openai.responses.create({ model: "does-not-exist", input: "Hi" })).rejects.toBeInstanceOf(NotFoundError);
    await expect(openai.completions.create({ model: "m", prompt: [] })).rejects.toBeInstanceOf(BadRequestError);
    await expect(openai.chat.completions.create({ model: "m", messages: [] })).rejects.toBeInstanceOf(BadRequestError);
  });

  it("knows a 429 for what it is", async () => {
    const openai = await clientOf({ requestsPerMinute: 1 });
    await openai.chat.completions.create(chat);
    const refused = openai.chat.completions.create(chat);
    await expect(refused).rejects.toBeInstanceOf(RateLimitError);
    await expect(refused).rejects.toMatchObject({ status: 429, code: "rate_limit_exceeded", type: "requests" });
  });

  it("waits as long as we ask, and is then answered", async () => {
    const openai = await clientOf({ requestsPerMinute: 300 }, 1);
    const questions = Array.from({ length: 6 }, (_, at) => ({ ...chat, seed: at }));
    await Promise.all(questions.map((question) => openai.chat.completions.create(question)));
    expect(server.stats()).toMatchObject({ answered: 6, refused: server.stats().requestsTotal - 6 });
  });

  it("gets through failures on purpose with its retries", async () => {
    const openai = await clientOf({ failRate: 1 });
    await expect(openai.chat.completions.create(chat)).rejects.toMatchObject({ status: expect.any(Number) });
    const patient = await clientOf({ failRate: 0.3, seed: 1 }, 5);
    await Promise.all(Array.from({ length: 10 }, (_, at) => patient.chat.completions.create({ ...chat, seed: at })));
    expect(server.stats()).toMatchObject({ answered: 10 });
  });
});
