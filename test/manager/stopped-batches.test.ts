import { describe, expect, it } from "vitest";
import { createMemoryCache, RunStoppedError } from "../../src/index.ts";
import { deferred } from "../support/deferred.ts";
import { chatAnswer, errorAnswer, type Reply, type Script } from "../support/scripted-server.ts";
import { serveManagers } from "./managers.ts";
import { answerOf, prompts } from "./prompts.ts";

/** The key works for 20 requests. */
const revoked: Script = ({ index }) =>
  index < 20 ? chatAnswer("fine") : errorAnswer(401, { code: "invalid_api_key", message: "the key was revoked" });

describe("a batch that stops early", () => {
  it("gives one result for each request: the 20 answers that were paid for before the key was revoked, and 24 that say so", async () => {
    const { createManager } = await serveManagers(revoked);
    const results = await createManager({ concurrency: 4 }).processBatch([...prompts(44)]);
    expect(results).toHaveLength(44);
    expect(results.map(({ customId, index }) => `${index} ${customId}`)).toEqual(
      Array.from({ length: 44 }, (_, index) => `${index} request-${index + 1}`),
    );
    const codes = results.map(answerOf);
    expect(codes.filter((code) => code === "fine")).toHaveLength(20);
    expect(new Set(codes)).toEqual(new Set(["fine", "authentication", "cancelled"]));
    expect(results.stopped).toMatchObject({ reason: "authentication", message: expect.stringContaining("the key was revoked") });
    expect(results.at(-1)?.error?.message).toBe(`the run was stopped: ${results.stopped?.message}`);
  });

  it("does so for the requests, too, that it had not even read, each with the id that it has in any run", async () => {
    let isRefused = true;
    const { createManager } = await serveManagers(() => (isRefused ? errorAnswer(401, { message: "no" }) : chatAnswer()));
    const requests = [...prompts(2_000), { nonsense: true }];
    const stopped = await createManager({ concurrency: 1 }).processBatch(requests);
    expect(stopped).toHaveLength(2_001);
    expect(stopped.slice(-2).map(answerOf)).toEqual(["cancelled", "invalid_line"]);
    isRefused = false;
    const whole = await createManager().processBatch(requests.slice(0, 50));
    expect(new Set(stopped.map(({ id }) => id)).size).toBe(2_001);
    expect(whole.stopped).toBeUndefined();
    expect(whole.map(({ id }) => id)).toEqual(stopped.slice(0, 50).map(({ id }) => id));
  });

  it("throws where that is wanted, and the exception has the results", async () => {
    const { createManager } = await serveManagers(revoked);
    const batch = createManager({ concurrency: 1 }).processBatch([...prompts(44)], { throwOnStop: true });
    const error: unknown = await batch.catch((reason: unknown) => reason);
    if (!(error instanceof RunStoppedError)) throw new Error("it was not stopped");
    expect(error).toMatchObject({ code: "stopped", reason: "authentication" });
    expect(error.results).toHaveLength(44);
    expect(error.results.filter((result) => result.error === null)).toHaveLength(20);
  });

  it("in `run` yields what came behind a gap, too, and then throws", async () => {
    const held = deferred<Reply>();
    const { createManager } = await serveManagers(({ body }) => (body.includes('prompt 1"') ? held.promise : chatAnswer("fine")));
    const manager = createManager({ concurrency: 4, drainMs: 1 });
    const codes: string[] = [];
    const reading = (async () => {
      for await (const result of manager.run(prompts(20))) codes.push(answerOf(result));
    })();
    await expect.poll(() => manager.stats.requestsCompleted, { timeout: 60_000 }).toBe(19);
    manager.stop("enough");
    await expect(reading).rejects.toThrow("enough");
    expect(codes).toEqual(["cancelled", ...Array(19).fill("fine")]);
    held.resolve(chatAnswer());
  });

  it("because too many failed keeps what was answered, and no request is sent from then on", async () => {
    const { server, createManager } = await serveManagers(({ index }) =>
      index % 2 === 0 ? chatAnswer("fine") : errorAnswer(400),
    );
    const results = await createManager({ concurrency: 1, maxFailures: { count: 3 } }).processBatch([...prompts(10)]);
    expect(results.stopped).toEqual({ reason: "max_failures", message: "3 of 6 finished requests failed" });
    expect(results.map(answerOf).slice(0, 6)).toEqual([
      "fine",
      "invalid_request",
      "fine",
      "invalid_request",
      "fine",
      "invalid_request",
    ]);
    expect(results.slice(server.ledger.length).map(answerOf)).toEqual(Array(10 - server.ledger.length).fill("cancelled"));
    expect(server.ledger.length).toBeLessThanOrEqual(7);
  });

  it("by an aborted signal gives up what is in flight, and keeps the rest", async () => {
    const held = deferred<Reply>();
    const { server, createManager } = await serveManagers(({ index }) => (index < 2 ? chatAnswer("fine") : held.promise));
    const controller = new AbortController();
    const manager = createManager({ concurrency: 1, cache: createMemoryCache() });
    const batch = manager.processBatch([...prompts(4)], { signal: controller.signal });
    await server.until(() => server.inFlight === 1 && server.ledger.length === 3);
    controller.abort();
    const results = await batch;
    expect(results.map(answerOf)).toEqual(["fine", "fine", "cancelled", "cancelled"]);
    expect(results.stopped).toEqual({ reason: "interrupted", message: "the call was aborted" });
    await server.until(() => server.ledger[2]?.aborted === true);
    held.resolve(chatAnswer());
    const unsent = await manager.processBatch(["new"], { signal: controller.signal });
    expect(unsent.map(answerOf)).toEqual(["cancelled"]);
  });
});
