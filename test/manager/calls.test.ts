import { describe, expect, it } from "vitest";
import {
  type BatchResult,
  CacheProvider,
  ConfigurationError,
  createHttpProvider,
  createProvider,
  DiskCache,
  isLlmbatchError,
  LlmbatchError,
  MemoryCache,
  ProgressTracker,
  RequestBatch,
  RequestFailedError,
  RequestManager,
  type RunEvent,
} from "../../src/index.ts";
import { closing, serve } from "../support/closing.ts";
import { chatAnswer, errorAnswer, type Reply, silence } from "../support/scripted-server.ts";
import { serveManagers } from "./managers.ts";
import { answerOf } from "./prompts.ts";

const quick = { retry: { retryDelayMs: 1, maxRetries: 1 } };

/** What a call throws, or rejects with. */
async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return "nothing";
}

describe("a call", () => {
  it.each(["complete", "send", "execute"] as const)("of %s ends with its signal, and its request is given up", async (name) => {
    const { server, createManager } = await serveManagers(silence);
    const controller = new AbortController();
    const manager = createManager();
    const call = thrownBy(async () => {
      const { signal } = controller;
      const result = name === "complete" ? await manager.complete("Hi", {}, { signal }) : await manager[name]("Hi", { signal });
      throw new RequestFailedError("failure" in result ? result.failure : { kind: "internal", message: "", retryable: false });
    });
    await server.until(() => server.inFlight === 1);
    controller.abort();
    expect(await call).toMatchObject({ code: "cancelled", message: "the run was stopped: the call was aborted" });
    await server.until(() => server.ledger[0]?.aborted === true);
  });

  it("has a timeout of its own for each attempt, and hears of each retry", async () => {
    const { createManager } = await serveManagers(silence);
    const retries: RunEvent[] = [];
    const onRetry = (event: RunEvent): void => void retries.push(event);
    const result = await createManager(quick).send("Hi", { timeoutMs: 50, onRetry });
    expect(result.error).toMatchObject({ code: "timeout", message: expect.stringMatching(/within the 0\.05 s of this call/) });
    expect(result.attempts).toBe(2);
    expect(retries).toMatchObject([{ type: "retry-wait", attempt: 1, failure: { kind: "timeout" } }]);
  });

  it("says which API it is for, and what its result is called", async () => {
    const response = { status: "completed", output: [{ type: "message", content: [{ type: "output_text", text: "Rhine" }] }] };
    const embeddings = { data: [{ embedding: [1] }] };
    const { server, createManager } = await serveManagers(({ path }) => ({
      body: path === "/v1/embeddings" ? embeddings : response,
    }));
    const manager = createManager();
    const { text, result } = await manager.complete("A river?", {}, { url: "/v1/responses", customId: "mine" });
    expect([text, result.customId]).toEqual(["Rhine", "mine"]);
    expect(server.ledger[0]).toMatchObject({ path: "/v1/responses" });
    expect(server.ledger[0]?.json()).toEqual({ model: "m", input: "A river?" });
    await manager.processBatch([{ model: "m", input: "Two" }], { url: "/v1/embeddings" });
    expect(server.ledger[1]).toMatchObject({ path: "/v1/embeddings" });
  });

  it("takes a whole request, too, with members of its body beside", async () => {
    const { server, createManager } = await serveManagers(() => chatAnswer());
    const messages = [{ role: "user", content: "Hi" }];
    await createManager().complete({ custom_id: "a", body: { messages, temperature: 1 } }, { temperature: 0 });
    await createManager().stream({ messages, temperature: 1 }, { temperature: 0 }).text();
    expect(server.ledger.map((call) => call.json())).toMatchObject([
      { messages, temperature: 0 },
      { messages, temperature: 0 },
    ]);
  });

  it.each<[string, string, readonly unknown[], string]>([
    ["complete", "timeOutMs", ["Hi", {}, { timeOutMs: 1 }], "did you mean `timeoutMs`?"],
    ["stream", "abort", ["Hi", {}, { abort: 1 }], "there are: signal,"],
    ["send", "throwOnStop", ["Hi", { throwOnStop: true }], "there are: signal,"],
    ["processBatch", "throwOnStopp", [["Hi"], { throwOnStopp: true }], "did you mean `throwOnStop`?"],
    ["run", "customId", [["Hi"], { customId: "x" }], "there are: signal,"],
    ["send", "timeoutMs", ["Hi", { timeoutMs: "1s" }], "must be a number of milliseconds"],
    ["complete", "signal", ["Hi", { signal: AbortSignal.timeout(1) }], "belongs into the next argument"],
    ["complete", "url", ["Hi", { url: "/v1/responses" }], "belongs into the next argument"],
    ["stream", "tool", ["Hi", { tool: () => 1 }], "is a function"],
  ])("of %s with a wrong `%s` is refused in words before anything is sent", async (name, option, given, words) => {
    const { server, createManager } = await serveManagers(() => chatAnswer());
    const manager = createManager();
    // As JavaScript calls it: no type stops it.
    const error = await thrownBy(() => Reflect.apply(Reflect.get(manager, name), manager, given));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ code: "configuration", option, message: expect.stringContaining(words) });
    expect(server.ledger).toEqual([]);
  });
});

it.each<[string, () => unknown, string]>([
  ["MemoryCache", () => new MemoryCache(misspelt({ maxByte: 1 })), "did you mean `maxBytes`?"],
  ["DiskCache", () => new DiskCache("nowhere.sqlite", misspelt({ tll: 1 })), "did you mean `ttl`?"],
  ["CacheProvider", () => new CacheProvider(new Map(), misspelt({ ttlMs: 1 })), "there are: ttl, now"],
  ["ProgressTracker", () => new ProgressTracker(1, misspelt({ shw: false })), "did you mean `show`?"],
  [
    "create",
    () => new RequestBatch().embeddings.create({ input: "a" }, misspelt({ custom_id: "x" })),
    "did you mean `customId`?",
  ],
  [
    "createHttpProvider",
    () => createHttpProvider({ name: "x", baseUrl: "http://127.0.0.1:1/v1", ...misspelt({ apikey: "canary" }) }),
    "did you mean `apiKey`?",
  ],
])("%s refuses options that do not exist, too: they had no effect, without a word", (what, make, words) => {
  expect(make).toThrow(ConfigurationError);
  expect(make).toThrow(`${what} has no option`);
  expect(make).toThrow(words);
});

/** As a program in JavaScript gives it. */
function misspelt(options: object): object {
  return options;
}

describe("a manager", () => {
  it.each([[[]], [[{}]], [[{ model: "m" }]], [[{ provider: "openai" }]], [[{ provider: null }]]])(
    "refuses to be one without a provider: %j",
    async (given) => {
      const error = await thrownBy(() => Reflect.construct(RequestManager, given));
      expect(error).toMatchObject({ option: "provider", message: expect.stringContaining('createProvider("openai")') });
    },
  );

  it("fails what is no request in its place, also null", async () => {
    const server = await serve();
    const manager = new RequestManager({ provider: createProvider("openai", { apiKey: "k", baseUrl: server.url }), model: "m" });
    const given: unknown[] = [null, 5, "Hi"];
    const results: readonly BatchResult[] = await Reflect.apply(manager.processBatch, manager, [given]);
    expect(results.map((result) => result.error?.code ?? null)).toEqual(["invalid_line", "invalid_line", null]);
    await manager.close();
  });

  it("refuses options that do not exist, instead of doing nothing about them", async () => {
    const provider = createProvider("openai", { apiKey: "k", baseUrl: "http://127.0.0.1:9/v1" });
    const error = await thrownBy(() => new RequestManager(Object.assign({ provider }, { requestPerMinute: 1 })));
    expect(error).toMatchObject({ option: "requestPerMinute", message: expect.stringContaining("`requestsPerMinute`") });
    expect(
      await thrownBy(() => new RequestManager({ provider, retry: Object.assign({ maxRetries: 1 }, { retries: 1 }) })),
    ).toMatchObject({
      option: "retries",
    });
  });

  it("closes with `await using`", async () => {
    const { createManager } = await serveManagers(() => chatAnswer());
    const manager = createManager();
    await manager[Symbol.asyncDispose]();
    expect(answerOf(await manager.send("late"))).not.toBe("Hello!");
  });
});

describe("errors", () => {
  it("are all of one kind, and those of a request have the server's status and body", async () => {
    const body = { error: { message: "no such parameter", param: "top_k" } };
    const { createManager } = await serveManagers(() => ({ status: 400, body }));
    const manager = createManager();
    for (const call of [() => manager.complete("Hi"), () => manager.stream("Hi").text()]) {
      const error = await thrownBy(call);
      expect(error).toBeInstanceOf(LlmbatchError);
      expect(isLlmbatchError(error)).toBe(true);
      expect(error).toMatchObject({ code: "invalid_request", status: 400, body });
    }
    expect(isLlmbatchError(new Error("other"))).toBe(false);
    expect(isLlmbatchError(Object.assign(new Error("of another copy"), { [Symbol.for("llmbatch.error")]: true }))).toBe(true);
  });
});

describe("a prompt", () => {
  const answer: Reply = { body: { type: "message", content: [{ type: "text", text: "Rhine" }], usage: { output_tokens: 1 } } };

  it("at anthropic goes to Messages, and without max_tokens is refused in words before it is sent", async () => {
    const server = await serve(() => answer);
    const provider = createProvider("anthropic", { apiKey: "k", baseUrl: server.url });
    const manager = closing(new RequestManager({ provider, model: "claude" }));
    expect(await thrownBy(() => manager.complete("A river?"))).toMatchObject({ option: "max_tokens" });
    expect((await manager.processBatch(["A river?", { prompt: "A river?" }])).map(answerOf)).toEqual([
      "invalid_line",
      "invalid_line",
    ]);
    expect(server.ledger).toEqual([]);
    const { text } = await manager.complete("A river?", { max_tokens: 9 });
    const [result] = await manager.processBatch([{ prompt: "A river?", system: "Be brief.", max_tokens: 9 }]);
    expect([text, result?.text]).toEqual(["Rhine", "Rhine"]);
    expect(server.ledger.map(({ path }) => path)).toEqual(["/v1/messages", "/v1/messages"]);
    expect(server.ledger[1]?.json()).toMatchObject({ system: "Be brief.", messages: [{ role: "user", content: "A river?" }] });
  });

  it("elsewhere goes to Chat Completions", async () => {
    const { server, createManager } = await serveManagers(() => errorAnswer(400));
    await createManager().processBatch(["A river?"]);
    expect(server.ledger[0]?.path).toBe("/v1/chat/completions");
  });
});
