import { describe, expect, it } from "vitest";
import {
  type BatchResult,
  createMemoryCache,
  type RequestLike,
  type RequestManager,
  type RunEvent,
  RunStoppedError,
} from "../../../src/index.ts";
import { deferred } from "../../support/deferred.ts";
import {
  chatAnswer,
  errorAnswer,
  type ReceivedCall,
  type Reply,
  type Script,
  type ScriptedServer,
} from "../../support/scripted-server.ts";
import { serveManagers } from "../managers.ts";
import { answerOf, prompts } from "../prompts.ts";

const dayMs = 24 * 3_600_000;

/** One request for each model, in this order. */
function asked(...models: readonly string[]): { model: string; prompt: string }[] {
  return models.map((model, index) => ({ model, prompt: `prompt ${index + 1}` }));
}

function times(count: number, ...models: readonly string[]): string[] {
  return Array.from({ length: count }, () => models).flat();
}

const missingModel: Script = ({ body }) =>
  body.includes('"model":"bad"') ? errorAnswer(404, { code: "model_not_found", message: "no model bad" }) : chatAnswer("fine");

function callsFor(model: string, { ledger }: ScriptedServer): readonly ReceivedCall[] {
  return ledger.filter(({ body }) => body.includes(`"model":"${model}"`));
}

/** All that left before the run was stopped, and why it was. */
async function runToStop(manager: RequestManager, requests: Iterable<RequestLike>): Promise<[BatchResult[], unknown]> {
  const results: BatchResult[] = [];
  try {
    for await (const result of manager.run(requests)) results.push(result);
  } catch (error) {
    return [results, error];
  }
  throw new Error("the run was not stopped");
}

describe("a model that is missing", () => {
  it("stopped the run for all others: after three refusals its own lines fail, unsent, and the others are answered", async () => {
    const { server, createManager } = await serveManagers(missingModel);
    const events: RunEvent[] = [];
    const manager = createManager({ concurrency: 1, observers: [(event) => events.push(event)] });
    const results = await manager.processBatch(asked(...times(10, "bad", "good")));
    expect(results.map(answerOf)).toEqual(times(10, "model_not_found", "fine"));
    expect(callsFor("bad", server)).toHaveLength(3);
    const bad = results.flatMap((result) => (result.status === "failed" ? [[result.failure.message, result.attempts]] : []));
    expect(bad.slice(0, 3)).toEqual(times(3, "").map(() => ["HTTP 404: no model bad", 1]));
    expect(bad.slice(3)).toEqual(
      times(7, "").map(() => ["not sent, as 3 requests before it failed alike: HTTP 404: no model bad", 0]),
    );
    expect(events.filter(({ type }) => type === "warning")).toEqual([
      { type: "warning", message: 'openai gets no more requests for "bad": 3 in a row failed alike (HTTP 404: no model bad)' },
    ]);
  });

  it("stopped each later run as well, where only its lines were left: their output is finished", async () => {
    const { createManager } = await serveManagers(missingModel);
    const cache = createMemoryCache();
    for (let run = 1; run <= 2; run += 1) {
      const results = await createManager({ cache, concurrency: 1 }).processBatch(asked(...times(5, "bad"), ...times(5, "good")));
      expect(results.map(answerOf)).toEqual([...times(5, "model_not_found"), ...times(5, "fine")]);
    }
  });

  it("does not make its lines wait for a limit that they take nothing of", async () => {
    const { server, createManager } = await serveManagers(missingModel);
    const limits = [{ unit: "requests" as const, amount: 5, periodMs: dayMs }];
    const results = await createManager({ limits }).processBatch(asked("good", "good", ...times(50, "bad")));
    expect(results.map(answerOf)).toEqual(["fine", "fine", ...times(50, "model_not_found")]);
    expect(server.ledger.length).toBeLessThanOrEqual(5);
  });

  it("stops the run where it is all there is, whatever the number of lines", async () => {
    const { server, createManager } = await serveManagers(() => errorAnswer(404, { code: "model_not_found", message: "no m" }));
    for (const count of [3, 50, 30_000]) {
      const [results, error] = await runToStop(createManager({ concurrency: 1 }), prompts(count));
      expect(error).toBeInstanceOf(RunStoppedError);
      expect(error).toMatchObject({ reason: "model_not_found", message: "3 requests in a row failed alike: HTTP 404: no m" });
      expect(results.length).toBeLessThanOrEqual(12_000);
    }
    expect(server.ledger).toHaveLength(9);
  });

  it("is asked for again as soon as it answers, and while it answers others", async () => {
    const { server, createManager } = await serveManagers(({ index }) => (index % 3 === 2 ? chatAnswer() : errorAnswer(403)));
    const results = await createManager({ concurrency: 1 }).processBatch([...prompts(30)]);
    expect(results.filter(({ status }) => status === "succeeded")).toHaveLength(10);
    expect(server.ledger).toHaveLength(30);
  });

  it("is not condemned by quick refusals while slow answers are on their way", async () => {
    const held = deferred<Reply>();
    const { server, createManager } = await serveManagers(({ index }) =>
      index < 7 ? held.promise : index < 12 ? errorAnswer(403) : chatAnswer("fine"),
    );
    const running = createManager({ concurrency: 8, adaptive: false }).processBatch([...prompts(20)]);
    await server.until(() => server.ledger.length === 20);
    held.resolve(chatAnswer("fine"));
    expect((await running).filter(({ status }) => status === "failed")).toHaveLength(5);
  });
});

describe("a quota that is used up", () => {
  it("stopped the run at once where one request alone was too dear", async () => {
    const { server, createManager } = await serveManagers(({ index }) => (index === 7 ? errorAnswer(402) : chatAnswer("fine")));
    const results = await createManager({ concurrency: 1 }).processBatch([...prompts(30)]);
    expect(results.filter(({ status }) => status === "failed").map(answerOf)).toEqual(["insufficient_quota"]);
    expect(server.ledger).toHaveLength(30);
  });

  it("stops the run after three, also in its middle", async () => {
    const { server, createManager } = await serveManagers(({ index }) =>
      index < 10 ? chatAnswer() : errorAnswer(429, { code: "insufficient_quota", message: "no money" }),
    );
    const [, error] = await runToStop(createManager({ concurrency: 1 }), prompts(100));
    expect(error).toMatchObject({
      reason: "insufficient_quota",
      message: "3 requests in a row failed alike: HTTP 429: no money",
    });
    expect(server.ledger).toHaveLength(13);
  });
});

describe("a key that is refused", () => {
  it("stops the run after three, whatever the models", async () => {
    const { server, createManager } = await serveManagers(() => errorAnswer(401, { message: "wrong key" }));
    const [, error] = await runToStop(createManager({ concurrency: 1 }), asked("a", "b", "c", "d", "e"));
    expect(error).toMatchObject({ reason: "authentication" });
    expect(server.ledger).toHaveLength(3);
  });
});
