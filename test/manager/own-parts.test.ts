import { describe, expect, it } from "vitest";
import {
  type CacheStore,
  createHttpProvider,
  type ModelResponse,
  type Provider,
  RequestManager,
  type RunEvent,
} from "../../src/index.ts";
import { closing, serve } from "../support/closing.ts";
import { chatAnswer, rateLimited } from "../support/scripted-server.ts";
import { serveManagers } from "./managers.ts";
import { answerOf, prompts, repeat } from "./prompts.ts";

/** What becomes of 50 prompts of which the fifth is broken. */
const onlyTheFifth = [...prompts(50)].map((prompt, index) => (index === 4 ? "internal" : `re: ${prompt}`));

function throwing(): never {
  throw new Error("boom");
}

describe("a provider of one's own", () => {
  it.each<[string, (http: Provider) => Partial<Provider>]>([
    ["send", (http) => ({ send: (request, sending) => (isFifth(request) ? throwing() : http.send(request, sending)) })],
    [
      "send, late",
      (http) => ({ send: async (request, sending) => (isFifth(request) ? throwing() : http.send(request, sending)) }),
    ],
    ["endpoint", (http) => ({ endpoint: (request) => (isFifth(request) ? throwing() : http.endpoint(request)) })],
    ["estimate", (http) => ({ estimate: (request) => (isFifth(request) ? throwing() : http.estimate(request)) })],
    ["refusal", () => ({ refusal: (request) => (isFifth(request) ? throwing() : undefined), endpoint: () => undefined })],
  ])("that throws in %s costs its own line, not the run", async (part, own) => {
    const server = await serve(repeat);
    const http = createHttpProvider({ name: "mine", baseUrl: `${server.url}/v1` });
    const provider: Provider = {
      name: "mine",
      endpoint: (request) => http.endpoint(request),
      estimate: (request) => http.estimate(request),
      send: (request, sending) => http.send(request, sending),
      close: () => http.close(),
      ...own(http),
    };
    const results = await closing(new RequestManager({ provider, model: "m", concurrency: 3 })).processBatch([...prompts(50)]);
    const others = part === "refusal" ? "invalid_request" : undefined;
    expect(results.map(answerOf)).toEqual(
      others === undefined ? onlyTheFifth : onlyTheFifth.map((code) => (code === "internal" ? code : others)),
    );
    expect(results[4]?.error).toMatchObject({ code: "internal", message: "boom" });
    expect(results.stopped).toBeUndefined();
  });

  it("may throw for every line: each says so", async () => {
    const provider = { name: "mine", endpoint: () => "mine", estimate: throwing, send: throwing, close: async () => undefined };
    const results = await closing(new RequestManager({ provider, model: "m" })).processBatch([...prompts(60)]);
    expect(results.map(answerOf)).toEqual(Array(60).fill("internal"));
  });
});

describe("an observer", () => {
  const types: RunEvent["type"][] = ["request-start", "attempt-start", "attempt-end", "request-end"];

  it.each(types)("that throws at %s costs the line, not the run, and the answer stands in its error", async (type) => {
    const { createManager } = await serveManagers(repeat);
    const heard: string[] = [];
    const observers = [
      (event: RunEvent): void => {
        if (event.type === type && customIdOf(event) === "request-5") throwing();
      },
      (event: RunEvent): void => void heard.push(event.type),
    ];
    const manager = createManager({ observers, concurrency: 3 });
    const results = await manager.processBatch([...prompts(50)]);
    expect(results.map(answerOf)).toEqual(onlyTheFifth);
    const isAnswered = type === "attempt-end" || type === "request-end";
    expect(results[4]?.response === undefined).toBe(!isAnswered);
    expect(
      heard.filter((name) => name === "request-end"),
      "the others hear all the same",
    ).toHaveLength(50);
    expect(manager.stats).toMatchObject({ requestsCompleted: 49, requestsFailed: 1 });
    expect(manager.limiterStatus().inFlight).toBe(0);
  });
});

it("an observer that throws at what is no line's own costs nothing, and the others hear of it once", async () => {
  const { createManager } = await serveManagers(({ index }) => (index < 3 ? rateLimited("0.01") : chatAnswer("fine")));
  const warnings: string[] = [];
  const observers = [brokenByLimits, (event: RunEvent): void => void (event.type === "warning" && warnings.push(event.message))];
  const results = await createManager({ observers, concurrency: 1 }).processBatch(["One", "Two"]);
  expect(results.map(answerOf)).toEqual(["fine", "fine"]);
  expect(warnings).toEqual(["an observer failed: boom"]);
});

describe("a cache of one's own", () => {
  const kept = new Map<string, ModelResponse>();
  const good: CacheStore = {
    get: async (key) => kept.get(key),
    set: async (key, response) => void kept.set(key, response),
    close: async () => undefined,
  };

  it("that throws while it is read costs its own line, and is said once", async () => {
    const { server, createManager } = await serveManagers(repeat);
    let looked = 0;
    const cache = { ...good, get: async () => ((looked += 1) === 5 ? throwing() : undefined) };
    const warnings: string[] = [];
    const observers = [(event: RunEvent): void => void (event.type === "warning" && warnings.push(event.message))];
    const results = await createManager({ cache, observers }).processBatch([...prompts(50)]);
    expect(results.map(answerOf)).toEqual(onlyTheFifth);
    expect(server.ledger).toHaveLength(49);
    expect(warnings).toEqual(["the cache failed: boom"]);
  });

  it("that throws while it is written costs its own line, whose error has the answer, and is said once", async () => {
    const { createManager } = await serveManagers(repeat);
    const cache: CacheStore = { ...good, set: async (_, { body }) => (body.includes("prompt 5") ? throwing() : undefined) };
    const warnings: string[] = [];
    const observers = [(event: RunEvent): void => void (event.type === "warning" && warnings.push(event.message))];
    const results = await createManager({ cache, observers }).processBatch([...prompts(54)]);
    const broken = results.filter(({ error }) => error !== null);
    expect(broken.map(({ customId }) => customId)).toEqual([5, 50, 51, 52, 53, 54].map((number) => `request-${number}`));
    expect(broken[0]?.error).toMatchObject({ code: "internal", body: { choices: [{ message: { content: "re: prompt 5" } }] } });
    expect(results.stopped).toBeUndefined();
    expect(warnings).toEqual(["the cache failed: boom"]);
  });
});

function isFifth({ customId }: { readonly customId: string }): boolean {
  return customId === "request-5";
}

function customIdOf(event: RunEvent): string | undefined {
  if (event.type === "request-end") return event.result.customId;
  return "customId" in event ? event.customId : undefined;
}

function brokenByLimits({ type }: RunEvent): void {
  if (type === "pause" || type === "limit-learned" || type === "concurrency") throwing();
}
