import { setImmediate as nextTurn } from "node:timers/promises";
import { Keyv } from "keyv";
import { describe, expect, it } from "vitest";
import { noUsage } from "../support/usage.ts";
import { type ModelResponse, type BatchResult, type CacheStore, createKeyvCache, createMemoryCache } from "../../src/index.ts";
import { chatAnswer, errorAnswer } from "../support/scripted-server.ts";
import { serveManagers } from "./managers.ts";
import { answerOf, prompts, repeat } from "./prompts.ts";

function line(id: string, content: string, metadata: object): Record<string, unknown> {
  return { custom_id: id, body: { model: "m", messages: [{ role: "user", content }] }, metadata };
}

describe("a cache", () => {
  it("of any Keyv store answers the second time", async () => {
    const { server, createManager } = await serveManagers(repeat);
    const store = new Map();
    const results = async (): Promise<BatchResult[]> =>
      createManager({ cache: createKeyvCache(new Keyv({ store })) }).processBatch(["one", "one", "two"]);
    const first = await results();
    const second = await results();
    expect(server.ledger).toHaveLength(3);
    expect(second.map(answerOf)).toEqual(first.map(answerOf));
    expect(second.map((result) => result.status === "succeeded" && result.source)).toEqual(["cache", "cache", "cache"]);
  });

  it("keeps only good answers", async () => {
    const { createManager } = await serveManagers((call) => (call.index === 0 ? errorAnswer(400) : chatAnswer("now")));
    const cache = createMemoryCache();
    expect((await createManager({ cache }).processBatch(["one"])).map(answerOf)).toEqual(["invalid_request"]);
    expect((await createManager({ cache }).processBatch(["one"])).map(answerOf)).toEqual(["now"]);
  });

  it("is asked anew with `refresh`, and remembers the new answer", async () => {
    const { createManager } = await serveManagers((call) => chatAnswer(`answer ${call.index}`));
    const cache = createMemoryCache();
    await createManager({ cache }).processBatch(["one"]);
    expect((await createManager({ cache, refresh: true }).processBatch(["one"])).map(answerOf)).toEqual(["answer 1"]);
    expect((await createManager({ cache }).processBatch(["one"])).map(answerOf)).toEqual(["answer 1"]);
  });

  it("keeps its answers when ids, metadata, order and layout of the requests change", async () => {
    const { server, createManager } = await serveManagers(repeat);
    const cache = createMemoryCache();
    await createManager({ cache }).processBatch([line("a", "one", {}), line("b", "two", {})]);
    const again = await createManager({ cache }).processBatch([
      line("x", "new", {}),
      line("y", "two", { row: 2 }),
      { custom_id: "z", body: { messages: [{ content: "one", role: "user" }], model: "m" } },
    ]);
    expect(again.map(answerOf)).toEqual(["re: new", "re: two", "re: one"]);
    expect(server.ledger).toHaveLength(3);
  });

  it("is read no faster than its answers are taken", async () => {
    const { createManager } = await serveManagers(repeat);
    const long = { statusCode: 200, requestId: "", body: JSON.stringify("x".repeat(1_000_000)), usage: noUsage };
    let read = 0;
    const getMany = async (): Promise<ModelResponse[]> => {
      read += 1;
      return [long];
    };
    const cache: CacheStore = { get: async () => long, set: async () => undefined, close: async () => undefined, getMany };
    const running = createManager({ cache }).run(prompts(100));
    await running.next();
    for (let turn = 0; turn < 100; turn += 1) await nextTurn();
    expect(read).toBeLessThan(10);
    let taken = 1;
    for await (const { status } of running) taken += status === "succeeded" ? 1 : 0;
    expect([taken, read]).toEqual([100, 100]);
  });

  it("that breaks stops the run instead of being done without", async () => {
    const { server, createManager } = await serveManagers(repeat);
    const broken = {
      get: async () => undefined,
      set: async () => Promise.reject(new (await import("../../src/index.ts")).CacheError("the disk is full")),
      close: async () => undefined,
    };
    const results = await createManager({ cache: broken, concurrency: 1 }).processBatch([...prompts(20)]);
    expect(results.stopped).toEqual({ reason: "cache", message: "the disk is full" });
    expect(results.map(answerOf)).toEqual(Array(20).fill("cancelled"));
    expect(results[0]?.error?.body, "the answer is paid for").toMatchObject({
      choices: [{ message: { content: "re: prompt 1" } }],
    });
    expect(server.ledger.length).toBeLessThanOrEqual(2);
  });
});
