import { describe, expect, it } from "vitest";
import {
  type BatchResult,
  createMemoryCache,
  createProvider,
  RequestFailedError,
  RequestManager,
  type RequestManagerOptions,
} from "../../src/index.ts";
import { closing } from "../support/closing.ts";
import { deferred } from "../support/deferred.ts";
import { priceBook } from "../support/price-book.ts";
import {
  chatAnswer,
  cutAfterHeaders,
  cutBeforeHeaders,
  cutInBody,
  errorAnswer,
  type Reply,
  type Script,
  silence,
  slowBody,
  streamed,
} from "../support/scripted-server.ts";
import { type Managers, serveManagers } from "./managers.ts";
import { answerOf } from "./prompts.ts";

const prices = priceBook({ m: { input: 1, output: 1 }, dear: { input: 1_000, output: 1_000 } }, { m: 100_000 });
const maxTokens = 1_000;

type Question = { model: string; messages: object[]; max_tokens: number };

/** A question whose worst case is `worst` tokens, which at these prices are as many millionths of a dollar. */
function question(index: number): Question {
  return {
    model: "m",
    messages: [{ role: "user", content: `question ${String(index).padStart(3, "0")}` }],
    max_tokens: maxTokens,
  };
}

function questions(count: number): Question[] {
  return Array.from({ length: count }, (_, index) => question(index));
}

const worst = Buffer.byteLength(JSON.stringify(question(0))) + 100 + maxTokens;

/** An answer that takes so many tokens. */
function taking(tokens: number): Reply {
  return chatAnswer("yes", { usage: { prompt_tokens: 0, completion_tokens: tokens, total_tokens: tokens } });
}

function serveBudget(script: Script): Promise<Managers> {
  return serveManagers(script, { prices, retry: { retryDelayMs: 1, maxRetries: 1 } });
}

function kinds(results: readonly BatchResult[]): string[] {
  return results.map(answerOf);
}

/** In tokens. */
function used(manager: RequestManager): [spent: number, held: number, reserved: number] {
  const { spent = 0, held = 0, reserved = 0 } = manager.budgetStatus().tokens ?? {};
  return [spent, held, reserved];
}

describe("a cap", () => {
  it("stops a run before it could be exceeded, and the same run again goes on", async () => {
    const { server, createManager } = await serveBudget(() => taking(500));
    const cache = createMemoryCache();
    const manager = createManager({ cache, concurrency: 10, maxCostUsd: (worst + 4 * 500) / 1e6 });
    const results = await manager.processBatch(questions(9));
    expect(kinds(results)).toEqual([...Array<string>(5).fill("yes"), ...Array<string>(4).fill("cancelled")]);
    expect(results.stopped).toEqual({
      reason: "budget",
      message: "$ 0.0025 of $ 0.0032 is spent, and the next request could cost $ 0.0012",
    });
    expect(manager.budgetStatus().costUsd).toMatchObject({ spent: 0.0025, held: 0, reserved: 0 });
    const again = await createManager({ cache, maxCostUsd: 1 }).processBatch(questions(9));
    expect(kinds(again)).toEqual(Array(9).fill("yes"));
    expect(server.ledger).toHaveLength(9);
  });

  it("lets what has no room wait, holding no slot, until others have told what they took", async () => {
    const gates = [deferred<Reply>(), deferred<Reply>()];
    const { server, createManager } = await serveBudget((call) => gates[call.index]?.promise ?? taking(10));
    const manager = createManager({ maxTokensTotal: 2 * worst + 10 });
    const run = manager.processBatch(questions(4));
    await server.until(() => server.ledger.length === 2);
    expect(manager.limiterStatus()).toMatchObject({ inFlight: 2, waiting: 0 });
    expect(used(manager)).toEqual([0, 0, 2 * worst]);
    gates[0]?.resolve(taking(10));
    await server.until(() => server.ledger.length === 3);
    gates[1]?.resolve(taking(10));
    expect(kinds(await run)).toEqual(Array(4).fill("yes"));
    expect(used(manager)).toEqual([40, 0, 0]);
  });

  it("is one for all runs and calls of a manager", async () => {
    const { server, createManager } = await serveBudget(() => taking(400));
    const manager = createManager({ maxTokensTotal: worst + 4 * 400 - 1 });
    expect(kinds(await manager.processBatch(questions(1)))).toEqual(["yes"]);
    expect((await manager.send(question(1))).status).toBe("succeeded");
    expect(await manager.complete({ ...question(2) })).toMatchObject({ text: "yes" });
    expect(await manager.stream({ ...question(3) }).text()).toBe("yes");
    const sent = await manager.send(question(4));
    expect(sent).toMatchObject({ attempts: 0, error: { code: "budget_exceeded" } });
    expect(sent.error?.message).toMatch(/^1,600 of 2,\d\d\d tokens are used, and the next request could take 1,\d\d\d tokens$/);
    await expect(manager.stream({ ...question(5) }).text()).rejects.toThrow(RequestFailedError);
    expect((await manager.processBatch(questions(2))).stopped).toMatchObject({ reason: "budget" });
    expect(server.ledger).toHaveLength(4);
  });

  it("lets a request fail by itself that alone could exceed it, or that nothing bounds", async () => {
    const { createManager } = await serveBudget(() => taking(10));
    const manager = createManager({ maxCostUsd: 0.01 });
    const results = await manager.processBatch([
      { ...question(0), model: "dear" },
      { ...question(1), max_tokens: undefined },
      { ...question(2), model: "unknown" },
      question(3),
    ]);
    expect(results.stopped).toBeUndefined();
    expect(kinds(results)).toEqual(["budget_exceeded", "budget_exceeded", "budget_exceeded", "yes"]);
    const [dear, long, unknown] = results.map(({ error }) => error?.message);
    expect(dear).toMatch(
      /^the request alone could cost \$ 1\.\d\d, and the cap is \$ 0.010: let its answer be shorter, or raise the cap$/,
    );
    expect(long).toMatch(/^the request alone could cost \$ 0.10, and/);
    expect(unknown).toMatch(/^the price of "unknown" \(openai\) is not known/);
  });

  it("is not touched by answers from the cache, or shared ones", async () => {
    const { server, createManager } = await serveBudget(() => taking(10));
    const cache = createMemoryCache();
    const shared = createManager({ cache, dedupe: true, maxTokensTotal: worst });
    expect(kinds(await shared.processBatch([question(0), question(0), question(0)]))).toEqual(Array(3).fill("yes"));
    expect(used(shared)).toEqual([10, 0, 0]);
    expect((await shared.processBatch([question(0)])).stopped).toBeUndefined();
    expect(server.ledger).toHaveLength(1);
  });

  it("counts an answer that took more than its worst case", async () => {
    const { createManager } = await serveBudget(() => taking(5 * worst));
    const manager = createManager({ concurrency: 1, maxTokensTotal: 2 * worst - 1 });
    const results = await manager.processBatch(questions(2));
    expect(kinds(results)).toEqual(["yes", "cancelled"]);
    expect(used(manager)).toEqual([5 * worst, 0, 0]);
  });

  it("gives the next room to a request that was asked before", async () => {
    const gate = deferred<Reply>();
    // The second takes longer than the first waits, up to 1 ms, before it is asked again.
    const { server, createManager } = await serveBudget(({ index }) =>
      index === 0 ? gate.promise : { ...taking(10), delayMs: index === 1 ? 50 : 0 },
    );
    const manager = createManager({ concurrency: 1, maxTokensTotal: worst + 25 });
    const run = manager.processBatch(questions(4));
    await server.until(() => server.ledger.length === 1);
    gate.resolve(errorAnswer(500));
    expect(kinds(await run)).toContain("yes");
    const order = server.ledger.map(({ body }) => Number(/question (\d+)/.exec(body)?.[1]));
    expect(order.filter((number) => number === 0)).toHaveLength(2);
    expect(order.lastIndexOf(0)).toBeLessThan(3);
  });

  it("ends the wait of a call that is aborted", async () => {
    const gate = deferred<Reply>();
    const { server, createManager } = await serveBudget(() => gate.promise);
    const manager = createManager({ maxTokensTotal: worst });
    const first = manager.send(question(0));
    await server.until(() => server.ledger.length === 1);
    const abort = new AbortController();
    const second = manager.send(question(1), { signal: abort.signal });
    abort.abort();
    expect(answerOf(await second)).toBe("cancelled");
    gate.resolve(taking(10));
    expect(answerOf(await first)).toBe("yes");
    expect(used(manager)).toEqual([10, 0, 0]);
  });

  it.each<[options: Partial<RequestManagerOptions>, message: string]>([
    [{ maxCostUsd: 0 }, "`maxCostUsd` must be a number above 0"],
    [{ maxTokensTotal: NaN }, "`maxTokensTotal` must be a number above 0"],
    [{ maxCostUsd: 1 }, "`maxCostUsd` needs `prices`"],
  ])("refuses %j", (options, message) => {
    const provider = closing(createProvider("ollama"));
    expect(() => new RequestManager({ provider, ...options })).toThrow(message);
  });
});

describe("what an attempt counts that got no whole answer", () => {
  const whole = chatAnswer();
  const begun =
    'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"He"}}],"usage":{"prompt_tokens":7,"completion_tokens":1}}\n\n';
  it.each<[name: string, reply: Reply, options: Partial<RequestManagerOptions>, spent: number, isHeld: boolean]>([
    ["an error of HTTP", errorAnswer(500), {}, 0, false],
    ["an error of HTTP that breaks off", { ...cutInBody(5), status: 500 }, {}, 0, false],
    ["a lost connection", cutBeforeHeaders(), {}, 0, true],
    ["a lost connection after the head", cutAfterHeaders(), {}, 0, true],
    ["a lost connection within the answer", cutInBody(20), {}, 0, true],
    ["a stream that breaks off", streamed(begun), {}, 8, true],
    ["an answer that is none", { body: "nonsense" }, {}, 0, true],
    ["an answer that is none, with its usage", { body: { usage: { prompt_tokens: 3, completion_tokens: 4 } } }, {}, 7, false],
    ["an answer that does not tell its usage", { ...whole, body: { ...Object(whole.body), usage: undefined } }, {}, 0, true],
  ])("%s", async (_name, reply, options, spent, isHeld) => {
    const { createManager } = await serveBudget(() => reply);
    const manager = createManager({ ...options, retry: { maxRetries: 0 }, maxTokensTotal: 10 * worst });
    await manager.send(question(0));
    expect(used(manager)).toEqual([spent, isHeld ? worst - spent : 0, 0]);
  });

  it("a timeout", async () => {
    const { createManager } = await serveBudget(() => silence());
    const manager = createManager({ retry: { maxRetries: 0 }, maxTokensTotal: 10 * worst });
    await manager.send(question(0), { timeoutMs: 200 });
    expect(used(manager)).toEqual([0, worst, 0]);
  });

  it("a connection that is refused", async () => {
    const provider = closing(createProvider("openai", { baseUrl: "http://127.0.0.1:9/v1", apiKey: "k" }));
    const manager = closing(new RequestManager({ provider, prices, retry: { maxRetries: 0 }, maxTokensTotal: 10 * worst }));
    expect(answerOf(await manager.send(question(0)))).toBe("network");
    expect(used(manager)).toEqual([0, 0, 0]);
  });

  it("a stream whose reader has had enough", async () => {
    const { createManager } = await serveBudget(() => slowBody(40, 5, streamed(begun.repeat(50))));
    const manager = createManager({ maxTokensTotal: 10 * worst });
    const stream = manager.stream({ ...question(0) });
    await stream.next();
    await stream.return();
    expect(used(manager)).toEqual([8, worst - 8, 0]);
  });

  it("is reserved for each attempt anew, and said when the run stops", async () => {
    const { server, createManager } = await serveBudget((call) => (call.index === 0 ? cutInBody(20) : taking(10)));
    const manager = createManager({ concurrency: 1, maxTokensTotal: 2 * worst });
    const results = await manager.processBatch(questions(2));
    expect(server.ledger).toHaveLength(2);
    expect(kinds(results)).toEqual(["cancelled", "yes"]);
    expect(results.stopped?.message).toMatch(
      /^10 of 2,\d{3} tokens are used, 1,\d{3} tokens more may be billed for requests that got no/,
    );
  });
});

/** The first answer proves the connection; the next request on it is lost. */
const losing: Script = ({ index }) => (index === 1 ? cutBeforeHeaders() : taking(10));

describe("a request whose connection is lost as it goes out", () => {
  it("goes out again, and its first time is held", async () => {
    const { server, createManager } = await serveBudget(losing);
    const manager = createManager({ concurrency: 1, maxTokensTotal: 10 * worst });
    const results = await manager.processBatch(questions(2));
    expect(results.map(({ attempts }) => attempts)).toEqual([1, 1]);
    expect(server.ledger).toHaveLength(3);
    expect(used(manager)).toEqual([20, worst, 0]);
  });

  it("does not where there is no room for another worst case", async () => {
    const { server, createManager } = await serveBudget(losing);
    const manager = createManager({ concurrency: 1, maxTokensTotal: 2 * worst });
    const results = await manager.processBatch(questions(2));
    expect(kinds(results)).toEqual(["yes", "cancelled"]);
    expect(server.ledger).toHaveLength(2);
    expect(used(manager)).toEqual([10, worst, 0]);
  });
});
