import { array, assert, constantFrom, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigurationError, LLMRequest, MemoryCache, RequestBatch, requestId } from "../../src/index.ts";
import { serveManagers } from "../manager/managers.ts";
import { repeat } from "../manager/prompts.ts";
import { chatAnswer } from "../support/scripted-server.ts";

function chat(content: string): { messages: object[] } {
  return { messages: [{ role: "user", content }] };
}

describe("RequestBatch", () => {
  it("gives the id that the result will have, at every provider, also of requests that are equal", async () => {
    const { createManager } = await serveManagers(repeat);
    const batch = new RequestBatch();
    const ids = ["one", "two", "one"].map((content) => batch.chat.completions.create(chat(content)));
    const results = await createManager().processBatch(batch);
    expect(results.map(({ id }) => id)).toEqual(ids);
    expect(results.map(({ customId }) => customId)).toEqual(ids);
    expect(results.every(({ status }) => status === "succeeded")).toBe(true);
    expect(new Set(ids).size).toBe(3);
    expect(ids.join("\n")).toMatch(/^(batch_req_any_[\w-]{24}\n?){3}$/);
    const streamed: string[] = [];
    for await (const { id } of createManager().run(batch)) streamed.push(id);
    expect(streamed).toEqual(ids);
  });

  it("sends what each API was given, and nothing else", async () => {
    const { server, createManager } = await serveManagers(() => chatAnswer());
    const batch = new RequestBatch();
    const model = "m";
    batch.chat.completions.create({ model, ...chat("one"), temperature: 0, foo_bar: null });
    batch.embeddings.create({ model, input: ["a", "b"] });
    batch.responses.create({ model, input: "two" }, { customId: "mine", metadata: { row: 2 } });
    batch.messages.create({ model, max_tokens: 5, ...chat("three") });
    const results = await createManager({ concurrency: 1, retry: { maxRetries: 0 } }).processBatch(batch);
    expect(server.ledger.map(({ path, body }) => [path, JSON.parse(body)])).toEqual([
      ["/v1/chat/completions", { model, ...chat("one"), temperature: 0, foo_bar: null }],
      ["/v1/embeddings", { model, input: ["a", "b"] }],
      ["/v1/responses", { model, input: "two" }],
      ["/v1/messages", { model, max_tokens: 5, ...chat("three") }],
    ]);
    expect(results[2]).toMatchObject({ customId: "mine", metadata: '{"row":2}' });
  });

  it("gives failed and invalid requests their ids, too", async () => {
    const { createManager } = await serveManagers(() => chatAnswer());
    const batch = new RequestBatch();
    const id = batch.chat.completions.create({
      messages: [{ role: "user", content: [{ type: "image_url", image_url: "@p.png" }] }],
    });
    const [result] = await createManager().processBatch(batch);
    expect(result).toMatchObject({ id, status: "failed", failure: { kind: "invalid_line" } });
  });

  it("finds its answers in the cache that other ways of asking filled", async () => {
    const { server, createManager } = await serveManagers(repeat);
    const cache = new MemoryCache();
    await createManager({ cache }).processBatch(["one"]);
    const batch = new RequestBatch();
    batch.chat.completions.create(chat("one"));
    expect(await createManager({ cache }).processBatch(batch)).toMatchObject([{ source: "cache" }]);
    expect(server.ledger).toHaveLength(1);
  });

  it("takes prompts, lines and requests", () => {
    const batch = new RequestBatch();
    batch.add("one");
    batch.add({ custom_id: "two", body: { model: "m", input: "x" } });
    batch.add(LLMRequest.fromPrompt("openai", "three", { model: "m" }));
    expect(batch.length).toBe(3);
  });

  it("merges batches in order: ids stay, and those of equal requests are told apart", () => {
    const [one, two] = [new RequestBatch(), new RequestBatch()];
    const ids = [one.chat.completions.create(chat("a")), two.chat.completions.create(chat("b"))];
    two.chat.completions.create(chat("a"));
    const merged = RequestBatch.merge(one, two);
    const mergedIds = [...merged].map(({ id }) => id);
    expect(mergedIds.slice(0, 2)).toEqual(ids);
    expect(new Set(mergedIds).size).toBe(3);
    expect(merged.length).toBe(3);
    expect(RequestBatch.merge([one, two]).toJSONL()).toBe(merged.toJSONL());
    expect(one.length).toBe(1);
  });

  it("writes lines of a batch file, and reads them back with the same ids", async () => {
    const body = record({
      model: constantFrom("m", "n"),
      messages: array(record({ content: constantFrom("a", "é\u2028", "😀") })),
    });
    assert(
      property(array(body), (bodies) => {
        const batch = new RequestBatch();
        const ids = bodies.map((each) => batch.chat.completions.create(each));
        const lines = batch
          .toJSONL()
          .split("\n")
          .filter((line) => line !== "");
        expect(lines.map((line) => JSON.parse(line))).toEqual(
          bodies.map((each, index) => ({ custom_id: ids[index], method: "POST", url: "/v1/chat/completions", body: each })),
        );
        const read = RequestBatch.fromJSONL(batch.toJSONL());
        expect([...read].map(({ id }) => id)).toEqual(ids);
        expect(read.toJSONL()).toBe(batch.toJSONL());
      }),
    );
  });

  it("reads any form of a line byte for byte, and names those that have no custom_id", () => {
    const batch = RequestBatch.fromJSONL(
      '\uFEFF{"custom_id":"a","body":{"model":"m","input":"x","seed":12345678901234567890}}\r\n\n"a prompt"\n{"model":"m","messages":[]}',
    );
    const [, second, third] = batch;
    expect(batch.toJSONL().split("\n")).toEqual([
      '{"custom_id":"a","body":{"model":"m","input":"x","seed":12345678901234567890}}',
      `{"custom_id":"${second?.id}","prompt":"a prompt"}`,
      `{"custom_id":"${third?.id}","model":"m","messages":[]}`,
      "",
    ]);
  });

  it.each([
    ['{"body":{}}\n{"body":', /^line 2: not JSON/],
    ["{}", /^line 1: has no `body`/],
    ["5", /^line 1: must be an object or a string/],
    ['{"custom_id":"a","body":{}}\n{"custom_id":"a","body":{}}', /^line 2: .* custom id "a" already/],
  ])("says which line is no request: %j", (text, message) => {
    expect(() => RequestBatch.fromJSONL(text)).toThrow(message);
    expect(() => RequestBatch.fromJSONL(text)).toThrow(ConfigurationError);
  });

  it("refuses what JSON cannot hold, and a custom id that it has", () => {
    const batch = new RequestBatch();
    expect(() => batch.chat.completions.create({ model: "m", n: 5n })).toThrow(/^request 1: cannot be written as JSON/);
    batch.embeddings.create({ input: "a" }, { customId: "a" });
    expect(() => batch.embeddings.create({ input: "b" }, { customId: "a" })).toThrow(/custom id "a" already/);
    const other = RequestBatch.merge(batch);
    expect(() => RequestBatch.merge(batch, other)).toThrow(ConfigurationError);
    expect(batch.length).toBe(1);
  });
});

describe("requestId", () => {
  it("is the id that a batch gives, and with a provider that of its results and of `cache has`", async () => {
    const { server, createManager } = await serveManagers(repeat);
    const request = { model: "m", ...chat("one") };
    expect(requestId(request)).toBe(new RequestBatch().chat.completions.create(request));
    expect(requestId({ url: "/v1/chat/completions", custom_id: "x", body: request })).toBe(requestId(request));
    expect(() => requestId({})).toThrow(ConfigurationError);
    const { createProvider, requestKey } = await import("../../src/index.ts");
    const provider = createProvider("openai", { baseUrl: `${server.url}/v1`, apiKey: "sk-library" });
    const cache = new MemoryCache();
    expect(await cache.exists(requestKey("one", { provider, model: "m" }))).toBe(false);
    const [result] = await createManager({ cache }).processBatch(["one"]);
    expect(requestId("one", { provider, model: "m" })).toBe(result?.id);
    expect(await cache.exists(requestKey("one", { provider, model: "m" }))).toBe(true);
    expect(await cache.exists(requestKey("two", { provider, model: "m" }))).toBe(false);
    expect(() => requestKey("one", { provider })).toThrow(/no model/);
    await provider.close();
  });
});
