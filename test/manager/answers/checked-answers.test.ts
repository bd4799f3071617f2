import { describe, expect, it } from "vitest";
import {
  ConfigurationError,
  createMemoryCache,
  loadProviders,
  RequestManager,
  type RequestManagerOptions,
} from "../../../src/index.ts";
import { serve } from "../../support/closing.ts";
import { chatAnswer, type ReceivedCall } from "../../support/scripted-server.ts";
import { type Managers, serveManagers } from "../managers.ts";

const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
const question = {
  model: "m",
  messages: [{ role: "user", content: "How many?" }],
  response_format: { type: "json_schema", json_schema: { name: "n", schema } },
};

/** Asks a server that says these texts, one after the other, and the last again. */
function asking(texts: readonly string[], options: Partial<RequestManagerOptions> = {}): Promise<Managers> {
  const answer = ({ index }: ReceivedCall): ReturnType<typeof chatAnswer> => chatAnswer(texts[Math.min(index, texts.length - 1)]);
  return serveManagers(answer, { validateOutput: true, retry: { retryDelayMs: 0, maxRetries: 2 }, ...options });
}

function turnsOf(call: ReceivedCall | undefined): unknown[] {
  const { messages }: { messages: unknown[] } = JSON.parse(call?.body ?? '{"messages":[]}');
  return messages;
}

describe("`validateOutput`", () => {
  it("asks again, as it was, and gives the answer that matches", async () => {
    const { server, createManager } = await asking(['{"n":"1"}', "one", '{"n":1}']);
    const manager = createManager();
    expect(await manager.send(question)).toMatchObject({ status: "succeeded", text: '{"n":1}', attempts: 3 });
    expect(new Set(server.ledger.map(({ body }) => body)).size).toBe(1);
    expect(manager.stats).toMatchObject({ promptTokens: 30, completionTokens: 15 });
  });

  it("fails what never matches with its last answer, whose cost counts, and which no cache keeps", async () => {
    const cache = createMemoryCache();
    const { server, createManager } = await asking(['{"n":"1"}'], { cache });
    for (const calls of [3, 6]) {
      const manager = createManager();
      const { error, attempts } = await manager.send(question);
      expect(error).toMatchObject({
        code: "schema_mismatch",
        message: expect.stringContaining("the answer does not match its JSON schema: /n must be integer"),
        body: { choices: [{ message: { content: '{"n":"1"}' } }] },
      });
      expect(attempts).toBe(3);
      expect(manager.stats.promptTokens).toBe(30);
      expect(server.ledger).toHaveLength(calls);
    }
  });

  it("does not take what an earlier run has kept, but what matches", async () => {
    const cache = createMemoryCache();
    const { server, createManager } = await asking(["one", '{"n":1}'], { cache });
    expect(await createManager({ validateOutput: false }).send(question)).toMatchObject({ text: "one" });
    expect(await createManager().send(question)).toMatchObject({ text: '{"n":1}', cached: false });
    expect(await createManager().send(question)).toMatchObject({ text: '{"n":1}', cached: true });
    expect(server.ledger).toHaveLength(2);
  });

  it("fails what was cut off, and does not pay for it again, also where the cache knows it", async () => {
    const cache = createMemoryCache();
    const { server, createManager } = await serveManagers(
      () => chatAnswer("", { choices: [{ index: 0, message: { role: "assistant", content: null }, finish_reason: "length" }] }),
      { cache, validateOutput: true, retryEmpty: true },
    );
    const failed = { error: { code: "incomplete_output", message: expect.stringContaining("the answer was cut off") } };
    expect(await createManager().send(question)).toMatchObject({ ...failed, attempts: 1 });
    await createManager({ validateOutput: false, retryEmpty: false }).send(question);
    expect(server.ledger).toHaveLength(2);
    const recalled = await createManager().send(question);
    expect(recalled).toMatchObject({ ...failed, attempts: 0, costUsd: 0, response: { statusCode: 200 } });
    expect(server.ledger).toHaveLength(2);
  });

  it("sends nothing whose answer it could not check", async () => {
    const { server, createManager } = await asking(["{}"]);
    const broken = { ...question, response_format: { type: "json_schema", json_schema: { schema: { type: "int" } } } };
    expect((await createManager().send(broken)).error).toMatchObject({
      code: "invalid_request",
      message: expect.stringContaining("of no use"),
    });
    expect(server.ledger).toHaveLength(0);
    expect(await createManager({ validateOutput: false }).send(broken)).toMatchObject({ status: "succeeded" });
  });

  it("asks the next provider of a route at once, and stays what it is where all answer wrongly", async () => {
    const [wrong, other] = [
      await serve(() => chatAnswer("one")),
      await serve(({ index }) => chatAnswer(index === 0 ? '{"n":1}' : "two")),
    ];
    const { provider, close } = await loadProviders({
      config: {
        providers: { a: { base_url: wrong.url, api_keys: ["k"] }, b: { base_url: other.url, api_keys: ["k"] } },
        routes: { m: { to: [{ provider: "a" }, { provider: "b" }] } },
      },
    });
    const manager = new RequestManager({
      provider,
      validateOutput: true,
      repair: true,
      retry: { maxRetries: 1, retryDelayMs: 0 },
    });
    expect(await manager.send(question)).toMatchObject({ text: '{"n":1}', attempts: 2 });
    expect(turnsOf(other.ledger[0])).toHaveLength(3);
    const { error } = await manager.send(question);
    expect(error).toMatchObject({ code: "schema_mismatch", providersTried: [{ provider: "a" }, { provider: "b" }] });
    await manager.close();
    await close();
  });

  it("checks streams that were put together, and leaves those of `stream` alone", async () => {
    const { createManager } = await asking(['{"n":"1"}']);
    const manager = createManager();
    expect(await manager.stream(question).text()).toBe('{"n":"1"}');
    expect((await manager.send({ ...question, temperature: 0 })).error?.code).toBe("schema_mismatch");
  });
});

describe("`repair`", () => {
  it("tells the model what was wrong with its last answer, and with none before", async () => {
    const { server, createManager } = await asking(['{"n":"1"}', "one", '{"n":1}'], { repair: true });
    expect(await createManager().send(question)).toMatchObject({ text: '{"n":1}', attempts: 3 });
    const [first, second, third] = server.ledger.map(turnsOf);
    expect(first).toEqual(question.messages);
    expect(second).toMatchObject([
      ...question.messages,
      { content: '{"n":"1"}' },
      { content: expect.stringContaining("/n must be integer") },
    ]);
    expect(third).toMatchObject([...question.messages, { content: "one" }, { content: expect.stringContaining("is not JSON") }]);
    expect(third).toHaveLength(3);
  });

  it("keeps the answer as that of the request itself", async () => {
    const cache = createMemoryCache();
    const { server, createManager } = await asking(['{"n":"1"}', '{"n":1}'], { repair: true, cache });
    const repaired = await createManager().send(question);
    const recalled = await createManager({ validateOutput: false, repair: false }).send(question);
    expect(recalled).toMatchObject({ text: '{"n":1}', cached: true, id: repaired.id });
    expect(server.ledger).toHaveLength(2);
  });

  it("tells it of an answer from the cache at once", async () => {
    const cache = createMemoryCache();
    const { server, createManager } = await asking(["one", '{"n":1}'], { cache });
    await createManager({ validateOutput: false }).send(question);
    expect(await createManager({ repair: true }).send(question)).toMatchObject({ text: '{"n":1}', attempts: 1 });
    expect(turnsOf(server.ledger[1])).toHaveLength(3);
  });

  it("is of no use alone", async () => {
    const { createManager } = await asking([]);
    expect(() => createManager({ validateOutput: false, repair: true })).toThrow(ConfigurationError);
    expect(() => createManager({ validateOutput: false, repair: true })).toThrow(
      "`repair` tells the model what `validateOutput` finds",
    );
  });
});
