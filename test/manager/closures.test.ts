import { describe, expect, it } from "vitest";
import { createMemoryCache, RunStoppedError, type BatchResult, type RequestLike, type RequestManager } from "../../src/index.ts";
import { chatAnswer, rateLimited, type Script } from "../support/scripted-server.ts";
import { serveManagers } from "./managers.ts";

const late = "63214";

/** Rejects requests that name the model `slow`, for hours. */
const slowIsClosed: Script = ({ body }) => (body.includes('"slow"') ? rateLimited(late) : chatAnswer("fine"));

function requestsFor(...models: readonly string[]): RequestLike[] {
  return models.map((model, index) => ({ model, messages: [{ role: "user", content: `question ${index % 3}` }] }));
}

/** What was answered or failed before the run was stopped, and why it was; what was cut short is left for the next run. */
async function runUntilStopped(
  manager: RequestManager,
  requests: readonly RequestLike[],
): Promise<{ results: BatchResult[]; error: unknown }> {
  const results: BatchResult[] = [];
  try {
    for await (const result of manager.run(requests)) if (result.error?.code !== "cancelled") results.push(result);
  } catch (error) {
    return { results, error };
  }
  return { results, error: undefined };
}

describe("a limit that opens later than requests may wait", () => {
  it("stops the run at once, fails no line, and says when to come back", async () => {
    const { server, createManager } = await serveManagers(({ index }) => (index < 5 ? chatAnswer() : rateLimited(late)));
    const { results, error } = await runUntilStopped(createManager(), requestsFor(...Array.from({ length: 100 }, () => "m")));
    expect(error).toBeInstanceOf(RunStoppedError);
    expect(error).toMatchObject({
      reason: "throttled",
      message: expect.stringMatching(/the next one may be sent at .*, in 17 h 34 min/),
    });
    expect(results.every(({ status }) => status === "succeeded")).toBe(true);
    expect(server.ledger.length).toBeLessThan(20);
  });

  it("of one model stops the run when nothing else is left to send: the others are answered first", async () => {
    const { server, createManager } = await serveManagers(slowIsClosed);
    const models = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? "slow" : "quick"));
    const { results, error } = await runUntilStopped(createManager({ order: "completion" }), requestsFor(...models));
    expect(error).toMatchObject({ reason: "throttled" });
    expect(results).toHaveLength(20);
    expect(results.every(({ status }) => status === "succeeded")).toBe(true);
    expect(server.ledger.filter(({ body }) => body.includes('"slow"')).length).toBeLessThanOrEqual(2);
  });

  it("stops a run whose other lines wait for the answer of an identical one", async () => {
    const { createManager } = await serveManagers(slowIsClosed);
    const manager = createManager({ dedupe: true, cache: createMemoryCache() });
    const { error } = await runUntilStopped(manager, requestsFor(...Array.from({ length: 9 }, () => "slow")));
    expect(error).toMatchObject({ reason: "throttled" });
  });

  it("fails a request by itself as rate_limit", async () => {
    const { createManager } = await serveManagers(slowIsClosed);
    const manager = createManager();
    const [request = ""] = requestsFor("slow");
    const results = [await manager.execute(request), await manager.execute(request)];
    expect(results).toMatchObject([{ failure: { kind: "rate_limit" } }, { failure: { kind: "rate_limit" } }]);
  });
});
