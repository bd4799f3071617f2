import { describe, expect, it } from "vitest";
import {
  createMemoryCache,
  createProvider,
  type Provider,
  requestId,
  requestKey,
  RequestManager,
  type RequestManagerOptions,
  type RunEvent,
} from "../../../src/index.ts";
import type { PriceBook } from "../../../src/pricing/pricing.ts";
import { closing, serve } from "../../support/closing.ts";
import { chatAnswer, type ScriptedServer } from "../../support/scripted-server.ts";

/** Every model holds 1,000 tokens, but for `unknown`. */
const prices: PriceBook = {
  date: undefined,
  costOf: () => null,
  contextWindowOf: ({ model }) => (model === "unknown" ? undefined : 1_000),
};

const long = "word ".repeat(2_000);
const user = (content: string): object => ({ role: "user", content });
const assistant = { role: "assistant", content: "Yes." };
const tooLong = { model: "gpt-4.1", messages: [user(long), assistant, user("And?")] };
const hopeless = { model: "gpt-4.1", messages: [user("Hi"), assistant, user(long)] };

interface Asked {
  readonly server: ScriptedServer;
  readonly provider: Provider;
  readonly events: RunEvent[];
  readonly manager: RequestManager;
}

/** A manager whose requests seem to go to OpenAI. */
async function ask(options: Partial<RequestManagerOptions>): Promise<Asked> {
  const server = await serve(() => chatAnswer());
  const inner = createProvider("openai", { baseUrl: `${server.url}/v1`, apiKey: "sk-library" });
  const provider: Provider = {
    name: "openai",
    baseUrl: "https://api.openai.com/v1",
    endpoint: (request) => inner.endpoint(request),
    estimate: (request) => inner.estimate(request),
    send: (request, sending) => inner.send(request, sending),
    close: () => inner.close(),
  };
  const events: RunEvent[] = [];
  const manager = closing(new RequestManager({ provider, observers: [(event) => void events.push(event)], ...options }));
  return { server, provider, events, manager };
}

function warningsOf(events: readonly RunEvent[]): string[] {
  return events.flatMap((event) => (event.type === "warning" ? `${event.lineNumber ?? "-"}: ${event.message}` : []));
}

describe("a request that is too long for its model", () => {
  it("loses its oldest turns before it is named and sent, and says so", async () => {
    const cache = createMemoryCache();
    const { server, provider, events, manager } = await ask({ cache, prices, context: "truncate" });
    const [result] = await manager.processBatch([{ custom_id: "a", body: tooLong }]);
    const sent = JSON.stringify({ ...tooLong, messages: tooLong.messages.slice(2) });
    expect(server.ledger.map(({ body }) => body)).toEqual([sent]);
    expect(result).toMatchObject({ status: "succeeded", dropped: ["messages[0]", "messages[1]"] });
    expect(events.map(({ type }) => type).slice(0, 2)).toEqual(["request-start", "request-changed"]);
    expect(events[1]).toEqual({
      type: "request-changed",
      customId: "a",
      lineNumber: 1,
      sanitized: [],
      truncated: ["messages[0]", "messages[1]"],
    });
    expect(manager.stats).toMatchObject({ truncatedRequests: 1, sanitizedRequests: 0 });
    expect(manager.stats.toString()).toContain("truncated 1");

    const place = { provider, prices, context: "truncate" } as const;
    expect(requestId(tooLong, place)).toBe(result?.id);
    expect(requestId(tooLong, place), "of the body as sent").toBe(requestId(JSON.parse(sent), { provider }));
    expect(requestId(tooLong, place)).not.toBe(requestId(tooLong, { provider }));
    expect(await cache.exists(requestKey(tooLong, place))).toBe(true);
    expect(await manager.send(tooLong)).toMatchObject({ cached: true, dropped: ["messages[0]", "messages[1]"] });
  });

  it("is sent as it is where its last turn is too long by itself, with a warning", async () => {
    const { server, events, manager } = await ask({ prices, context: "truncate" });
    const [result] = await manager.processBatch([hopeless]);
    expect(server.ledger[0]?.body).toBe(JSON.stringify(hopeless));
    expect(result).not.toHaveProperty("dropped");
    expect(warningsOf(events)).toEqual([
      expect.stringMatching(/^1: too long for gpt-4\.1, which holds 1,000 tokens: it has about 2,.* it is sent as it is/),
    ]);
  });

  it("is warned of: ten are named, and the others counted", async () => {
    const { server, events, manager } = await ask({ prices, context: "warn", concurrency: 3 });
    const fits = { model: "gpt-4.1", messages: [user("Hi")] };
    await manager.processBatch([fits, ...Array.from({ length: 12 }, () => tooLong), { ...tooLong, model: "unknown" }]);
    expect(server.ledger).toHaveLength(14);
    const warnings = warningsOf(events);
    expect(warnings.map((text) => text.split(":")[0])).toEqual(["2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "-"]);
    expect(warnings.at(-1)).toBe("-: … and 2 more requests are too long for their model");
    expect(manager.stats).toMatchObject({ truncatedRequests: 0 });
  });

  it("is measured as the program counts, if it does", async () => {
    const counted: string[] = [];
    const countTokens: RequestManagerOptions["countTokens"] = ({ body, model }) => {
      counted.push(model);
      return body.includes(long) ? 5_000 : 10;
    };
    const { server, manager } = await ask({ prices, context: "truncate", countTokens });
    await manager.processBatch([tooLong]);
    expect(server.ledger[0]?.json()).toMatchObject({ messages: [user("And?")] });
    expect(new Set(counted)).toEqual(new Set(["gpt-4.1"]));
  });

  it("is streamed without its oldest turns, too", async () => {
    const { server, manager } = await ask({ prices, context: "truncate" });
    await manager.stream(tooLong).text();
    expect(server.ledger[0]?.json()).toMatchObject({ messages: [user("And?")] });
  });

  it("is left alone by default, and cannot be cut where no windows are known", async () => {
    const { server, events, manager } = await ask({ prices });
    await manager.processBatch([tooLong]);
    expect(server.ledger[0]?.body).toBe(JSON.stringify(tooLong));
    expect(warningsOf(events)).toEqual([]);
    await expect(ask({ context: "truncate" })).rejects.toThrow("no `prices`");
  });
});

describe("what a model is known to refuse", () => {
  const body = { model: "gpt-5-mini", max_tokens: 5, temperature: 0, messages: [user("Hi")] };

  it("is taken out before the request is named and sent", async () => {
    const cache = createMemoryCache();
    const { server, provider, events, manager } = await ask({ cache, sanitize: "fix" });
    const [result] = await manager.processBatch([body]);
    expect(server.ledger[0]?.body).toBe(
      JSON.stringify({ model: "gpt-5-mini", max_completion_tokens: 5, messages: body.messages }),
    );
    const dropped = ["temperature", "max_tokens -> max_completion_tokens"];
    expect(result?.dropped).toEqual(dropped);
    expect(events[1]).toMatchObject({ type: "request-changed", sanitized: dropped, truncated: [] });
    expect(manager.stats).toMatchObject({ sanitizedRequests: 1 });
    expect(warningsOf(events)).toEqual([]);
    expect(await cache.exists(requestKey(body, { provider, sanitize: "fix" }))).toBe(true);
  });

  it("is warned of once for each rule and model, with the count at the end", async () => {
    const { server, events, manager } = await ask({ sanitize: "warn" });
    await manager.processBatch([body, { ...body, temperature: 0.5 }, { ...body, model: "gpt-4.1" }]);
    expect(server.ledger[0]?.body).toBe(JSON.stringify(body));
    expect(warningsOf(events)).toEqual([
      "1: gpt-5-mini refuses temperature, and --sanitize fix leaves that out",
      "1: gpt-5-mini refuses max_tokens, and --sanitize fix writes max_completion_tokens",
      "-: gpt-5-mini refuses temperature, and --sanitize fix leaves that out (2 requests)",
      "-: gpt-5-mini refuses max_tokens, and --sanitize fix writes max_completion_tokens (2 requests)",
    ]);
  });

  it("is one with what is too long", async () => {
    const { server, manager } = await ask({ prices, context: "truncate", sanitize: "fix" });
    const [result] = await manager.processBatch([{ ...body, messages: tooLong.messages }]);
    expect(server.ledger[0]?.json()).toEqual({ model: "gpt-5-mini", max_completion_tokens: 5, messages: [user("And?")] });
    expect(result?.dropped).toEqual(["temperature", "max_tokens -> max_completion_tokens", "messages[0]", "messages[1]"]);
  });

  it("is told of each request that shares an answer", async () => {
    const { server, manager } = await ask({ cache: createMemoryCache(), sanitize: "fix", dedupe: true });
    const { temperature: _, ...plain } = body;
    const results = await manager.processBatch([plain, body]);
    expect(server.ledger).toHaveLength(1);
    expect(results.map(({ dropped }) => dropped)).toEqual([
      ["max_tokens -> max_completion_tokens"],
      ["temperature", "max_tokens -> max_completion_tokens"],
    ]);
  });
});
