import { describe, expect, it } from "vitest";
import { type BatchResult, createMemoryCache, type Observer, RunStoppedError } from "../../src/index.ts";
import { deferred } from "../support/deferred.ts";
import { chatAnswer, errorAnswer, rateLimited, type Reply, type Script } from "../support/scripted-server.ts";
import { serveManagers } from "./managers.ts";
import { answerOf, prompts, repeat } from "./prompts.ts";

async function* breakingInput(): AsyncGenerator<string> {
  yield* prompts(3);
  throw new Error("the database went away");
}

describe("processBatch", () => {
  it("answers prompts, bodies and batch lines in one line of code, in their order", async () => {
    const { createManager } = await serveManagers(repeat);
    const manager = createManager();
    const results = await manager.processBatch([
      "one",
      { messages: [{ role: "user", content: "two" }] },
      { custom_id: "third", body: { model: "m", messages: [{ role: "user", content: "three" }] } },
    ]);
    expect(results.map(answerOf)).toEqual(["re: one", "re: two", "re: three"]);
    expect(results.map(({ customId }) => customId)).toEqual(["request-1", "request-2", "third"]);
    expect(manager.stats).toMatchObject({ requestsCompleted: 3, promptTokens: 30, completionTokens: 15 });
  });

  it("gives a failure its place, and does not lose the others for it", async () => {
    const { createManager } = await serveManagers((call) => (call.body.includes("two") ? errorAnswer(400) : chatAnswer("fine")));
    expect((await createManager().processBatch(["one", "two", "three"])).map(answerOf)).toEqual([
      "fine",
      "invalid_request",
      "fine",
    ]);
  });

  it("makes a failed result of what is no request", async () => {
    const { server, createManager } = await serveManagers(repeat);
    const results = await createManager().processBatch([{ nonsense: true }, "fine"]);
    expect(results.map(answerOf)).toEqual(["invalid_line", "re: fine"]);
    expect(server.ledger).toHaveLength(1);
  });

  it("of nothing is nothing", async () => {
    const { createManager } = await serveManagers(repeat);
    expect(await createManager().processBatch([])).toEqual([]);
  });
});

describe("run", () => {
  it("reads ahead no further than its window, however many requests there are", async () => {
    const gate = deferred<Reply>();
    const { server, createManager } = await serveManagers(() => gate.promise);
    let read = 0;
    function* counted(): Generator<string> {
      for (const prompt of prompts(100_000)) {
        read += 1;
        yield prompt;
      }
    }
    const manager = createManager({ concurrency: 10 });
    const running = manager.run(counted());
    const first = running.next();
    await server.until(() => server.ledger.length === 10);
    expect(read).toBeLessThan(2_000);
    gate.resolve(chatAnswer());
    await first;
    await running.return(undefined);
  });

  it("stops when its results are not wanted any more", async () => {
    const { server, createManager } = await serveManagers(repeat);
    const manager = createManager({ concurrency: 2 });
    let taken = 0;
    for await (const result of manager.run(prompts(10_000))) {
      expect(result.status).toBe("succeeded");
      taken += 1;
      if (taken === 5) break;
    }
    const asked = server.ledger.length;
    expect(asked).toBeLessThan(9_000);
    await manager.processBatch(["afterwards"]);
    expect(server.ledger).toHaveLength(asked + 1);
  });

  it("stopped in the middle yields every result that there is, then throws", async () => {
    const gate = deferred<Reply>();
    const { server, createManager } = await serveManagers((call) =>
      call.body.includes('prompt 8"') ? gate.promise : chatAnswer(),
    );
    const manager = createManager({ concurrency: 1 });
    const seen: string[] = [];
    await expect(
      (async () => {
        for await (const result of manager.run(prompts(50))) {
          seen.push(answerOf(result));
          if (seen.length === 7) {
            manager.stop();
            gate.resolve(chatAnswer());
          }
        }
      })(),
    ).rejects.toBeInstanceOf(RunStoppedError);
    expect(seen).toHaveLength(50);
    const asked = server.ledger.length;
    expect(asked).toBeLessThanOrEqual(8);
    expect(seen).toEqual([...Array(asked).fill("Hello!"), ...Array(50 - asked).fill("cancelled")]);
  });

  it("passes on what its input throws, after everything before it has been answered", async () => {
    const { createManager } = await serveManagers(repeat);
    const results: BatchResult[] = [];
    await expect(
      (async () => {
        for await (const result of createManager().run(breakingInput())) results.push(result);
      })(),
    ).rejects.toThrow("the database went away");
    expect(results).toHaveLength(3);
  });

  it("in order of completion lets the quick ones go first", async () => {
    const gate = deferred<Reply>();
    const { createManager } = await serveManagers((call) => (call.body.includes('prompt 1"') ? gate.promise : chatAnswer()));
    const order: number[] = [];
    for await (const { lineNumber } of createManager({ order: "completion" }).run(prompts(5))) {
      order.push(lineNumber);
      if (order.length === 4) gate.resolve(chatAnswer());
    }
    expect(order.at(-1)).toBe(1);
    expect(order.toSorted()).toEqual([1, 2, 3, 4, 5]);
  });

  it("stops at its deadline, and what was answered before is in the cache", async () => {
    const gate = deferred<Reply>();
    let script: Script = (call) => (call.index === 0 ? chatAnswer("in time") : gate.promise);
    const { createManager } = await serveManagers((call, ledger) => script(call, ledger));
    const cache = createMemoryCache();
    const manager = createManager({ cache, concurrency: 1, deadlineMs: 1_500, drainMs: 10 });
    const results = await manager.processBatch([...prompts(3)]);
    expect(results.stopped).toMatchObject({ reason: "deadline" });
    expect(results.map(answerOf)).toEqual(["in time", "cancelled", "cancelled"]);
    script = (call) => chatAnswer(`late ${call.index}`);
    const again = await createManager({ cache, concurrency: 1 }).processBatch([...prompts(3)]);
    expect(again.map(answerOf)).toEqual(["in time", "late 2", "late 3"]);
  });
});

describe("runInGroups", () => {
  it("takes requests and gives results many at a time, in their order", async () => {
    const { createManager } = await serveManagers(repeat);
    const results: BatchResult[] = [];
    const groups = [["one", "two"], prompts(100), []];
    for await (const group of createManager().runInGroups(groups)) {
      expect(group.length).toBeGreaterThan(0);
      results.push(...group);
    }
    expect(results.map(answerOf)).toEqual(["re: one", "re: two", ...[...prompts(100)].map((prompt) => `re: ${prompt}`)]);
  });
});

describe("two runs of one manager", () => {
  it("share its slots: the second is served while a thousand requests of the first wait", async () => {
    const { server, createManager } = await serveManagers(repeat);
    const manager = createManager({ concurrency: 2 });
    const long = manager.processBatch([...prompts(1_000)]);
    await server.until(() => server.ledger.length > 2);
    expect((await manager.processBatch(["short"])).map(answerOf)).toEqual(["re: short"]);
    expect(server.ledger.length).toBeLessThan(700);
    expect(await long).toHaveLength(1_000);
  });
});

describe("execute", () => {
  it("never rejects, and a used-up quota is a failed result", async () => {
    const { createManager } = await serveManagers(() => errorAnswer(429, { code: "insufficient_quota" }));
    expect(answerOf(await createManager().execute("hello"))).toBe("insufficient_quota");
  });
});

describe("being throttled", () => {
  it("spends no retry and holds no slot: others go on when the pause is over", async () => {
    const { server, createManager } = await serveManagers((call) => (call.index < 3 ? rateLimited("0.05") : chatAnswer()));
    const results = await createManager({ concurrency: 1, retry: { maxRetries: 0 } }).processBatch(["one", "two"]);
    expect(results.map(({ status }) => status)).toEqual(["succeeded", "succeeded"]);
    expect(server.peakInFlight).toBe(1);
  });
});

describe("observers", () => {
  it("hear every attempt, and a program reads the statistics at any time", async () => {
    const { createManager } = await serveManagers((call) => (call.index === 0 ? errorAnswer(500) : chatAnswer()));
    const heard: string[] = [];
    const observer: Observer = ({ type }) => void heard.push(type);
    const manager = createManager({ observers: [observer], retry: { retryDelayMs: 1 } });
    await manager.processBatch(["one"]);
    expect(heard).toEqual([
      "request-start",
      "attempt-start",
      "attempt-end",
      "retry-wait",
      "attempt-start",
      "attempt-end",
      "request-end",
    ]);
    expect(manager.stats.toJSON()).toMatchObject({ attempts: 2, retries: 1, requests_completed: 1, total_tokens: 15 });
  });
});
