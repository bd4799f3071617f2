import { describe, expect, it } from "vitest";
import { createHttpProvider, RequestFailedError, RequestManager, type RunEvent } from "../../src/index.ts";
import { createRoutedProvider, type Provider, RouteTarget } from "../../src/providers/providers.ts";
import { chat, piece } from "../providers/protocols/stream-pieces.ts";
import { closing, serve } from "../support/closing.ts";
import { chatAnswer, closedPortUrl, cutInBody, errorAnswer, streamed } from "../support/scripted-server.ts";

/** All requests along one route, to `a`, `b`, `c` in this order. */
function route(urls: readonly string[], maxRetries = 3, events: RunEvent[] = []): RequestManager {
  const names = ["a", "b", "c"];
  const targets = urls.map((url, index) => {
    const name = names[index] ?? "";
    return new RouteTarget(name, createHttpProvider({ name, baseUrl: `${url}/v1` }));
  });
  const steps = targets.map((target, rank) => ({ target, model: "x", rank, weight: 1 }));
  const provider: Provider = createRoutedProvider({
    name: "all",
    targets,
    routeOf: ({ model }) => (model === "x" ? steps : "Model 'y' is on no list"),
    onEvicted: () => {},
  });
  const retry = { retryDelayMs: 1, maxRetries };
  return closing(new RequestManager({ provider, retry, observers: [(event) => events.push(event)] }));
}

const ways: [string, (manager: RequestManager, model: string) => Promise<unknown>][] = [
  ["complete", (manager, model) => manager.complete("Hello", { model })],
  ["stream", (manager, model) => manager.stream({ prompt: "Hello", model }).next()],
];

async function failureOf(asked: Promise<unknown>): Promise<RequestFailedError> {
  const error: unknown = await asked.catch((reason: unknown) => reason);
  if (error instanceof RequestFailedError) return error;
  throw new Error(`no RequestFailedError, but ${String(error)}`);
}

describe.each(ways)("a request that fails (%s)", (_, ask) => {
  it("everywhere, at a dead provider and at one that is broken, is a provider_error with each cause", async () => {
    const broken = await serve(() => errorAnswer(500, { message: "out of luck" }));
    const error = await failureOf(ask(route([await closedPortUrl(), broken.url], 1), "x"));
    expect(error.code).toBe("provider_error");
    expect(error.message).toMatch(/^All providers failed for model 'x': a: .*ECONNREFUSED.*; b: HTTP 500: out of luck/);
    expect(error.providersTried).toEqual([
      { provider: "a", kind: "network", message: expect.stringContaining("ECONNREFUSED") },
      { provider: "b", kind: "server_error", message: "HTTP 500: out of luck", statusCode: 500 },
    ]);
    expect(error.failure).toMatchObject({ kind: "provider_error", statusCode: 500, providersTried: error.providersTried });
    expect(broken.ledger).toHaveLength(1);
  });

  it("says how many of them were tried when the retries did not reach them all", async () => {
    const broken = await serve(() => errorAnswer(500));
    const error = await failureOf(ask(route([broken.url, broken.url, broken.url], 1), "x"));
    expect(error.code).toBe("provider_error");
    expect(error.message).toMatch(/^2 of 3 providers failed for model 'x': a: .*; b: /);
  });

  it("names each once, with what came of it in the end, and says how often they were asked", async () => {
    const first = await serve(({ index }) => errorAnswer(500, { message: `failure ${index}` }));
    const second = await serve(() => errorAnswer(500));
    const error = await failureOf(ask(route([first.url, second.url], 2), "x"));
    expect(error.message).toBe(
      "All providers failed for model 'x': a: HTTP 500: failure 1; b: HTTP 500: error 500 (after 3 attempts)",
    );
    expect(error.providersTried).toMatchObject([{ message: "HTTP 500: failure 1" }, { message: "HTTP 500: error 500" }]);
  });

  it("because it is bad goes no further, and is no provider's error", async () => {
    const first = await serve(() => errorAnswer(400, { type: "invalid_request_error", message: "no" }));
    const second = await serve();
    const error = await failureOf(ask(route([first.url, second.url]), "x"));
    expect(error).toMatchObject({ code: "invalid_request", message: "HTTP 400: no" });
    expect(error.providersTried).toMatchObject([{ provider: "a", kind: "invalid_request", statusCode: 400 }]);
    expect(second.ledger).toEqual([]);
  });

  it("because it is bad is called so by the second, too, with what came of the first", async () => {
    const first = await serve(() => errorAnswer(500, { message: "out of luck" }));
    const second = await serve(() => errorAnswer(400, { type: "invalid_request_error", message: "no" }));
    const error = await failureOf(ask(route([first.url, second.url]), "x"));
    expect(error.code).toBe("invalid_request");
    expect(error.message).toBe("HTTP 400: no (tried a: HTTP 500: out of luck; b: HTTP 400: no)");
    expect(error.providersTried).toHaveLength(2);
  });

  it("because no provider serves its model is a model_not_found", async () => {
    const server = await serve();
    const error = await failureOf(ask(route([server.url]), "y"));
    expect(error).toMatchObject({ code: "model_not_found", failure: { kind: "model_not_found" }, providersTried: [] });
    expect(error.message).toBe("Model 'y' is on no list");
    expect(server.ledger).toEqual([]);
  });

  it("because the provider does not know its model is a model_not_found", async () => {
    const server = await serve(() => errorAnswer(404, { code: "model_not_found", message: "no x here" }));
    const error = await failureOf(ask(route([server.url]), "x"));
    expect(error).toMatchObject({ code: "model_not_found", message: "HTTP 404: no x here" });
    expect(error.providersTried).toMatchObject([{ provider: "a", kind: "model_not_found", statusCode: 404 }]);
  });

  it("at the only provider there is has the kind of its failure as its code", async () => {
    const server = await serve(() => errorAnswer(500));
    const provider = createHttpProvider({ name: "house", baseUrl: `${server.url}/v1` });
    const manager = closing(new RequestManager({ provider, retry: { retryDelayMs: 1, maxRetries: 1 } }));
    const error = await failureOf(ask(manager, "x"));
    expect(error).toMatchObject({ code: "server_error", providersTried: [] });
    expect(error.failure.providersTried).toBeUndefined();
    expect(server.ledger).toHaveLength(2);
  });

  it("is a result in the events, with where it was tried", async () => {
    const broken = await serve(() => errorAnswer(500));
    const events: RunEvent[] = [];
    await failureOf(ask(route([broken.url, broken.url], 1, events), "x"));
    const end = events.find((event) => event.type === "request-end");
    expect(end).toMatchObject({ result: { failure: { providersTried: [{ provider: "a" }, { provider: "b" }] } } });
  });
});

it("an answer that the second provider gave names it, so that users know who was paid", async () => {
  const broken = await serve(() => errorAnswer(500));
  const good = await serve(() => chatAnswer("fine"));
  const [result] = await route([broken.url, good.url]).processBatch([{ model: "x", prompt: "Hello" }]);
  expect(result).toMatchObject({ error: null, text: "fine", provider: "b", model: "x", attempts: 2 });
});

it("a stream that breaks off after a failover says where it was tried", async () => {
  const first = await serve(() => errorAnswer(500));
  const events = chat([piece({ content: "Hel" }), piece({ content: "lo" })]);
  const second = await serve(() => cutInBody(events.indexOf('"lo"'), streamed(events)));
  const stream = route([first.url, second.url]).stream({ prompt: "Hello", model: "x" });
  await stream.next();
  const error = await failureOf(stream.next());
  expect(error).toMatchObject({ code: "provider_error", failure: { kind: "provider_error" } });
  expect(error.providersTried.map(({ provider, kind }) => `${provider} ${kind}`)).toEqual([
    "a server_error",
    "b incomplete_stream",
  ]);
  expect(second.ledger).toHaveLength(1);
});
