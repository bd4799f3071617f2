import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { type CacheStore, createProvider, MemoryCache, RequestManager } from "../../src/index.ts";
import { createServer, listen } from "../../src/server/server.ts";
import { chat, piece } from "../providers/protocols/stream-pieces.ts";
import { closing, mock } from "../support/closing.ts";
import { deferred } from "../support/deferred.ts";
import { chatAnswer, cutInBody, errorAnswer, type Reply, streamed } from "../support/scripted-server.ts";
import { answer, told, using } from "./caching.ts";
import { ask, question, serveLive } from "./live-server.ts";

const on = using("on");

const messages = [{ role: "user" as const, content: "Name a river." }];

/** What is asked, in one piece and as a stream, by the vendors' packages. */
const asked: Readonly<Record<string, readonly [plain: Ask, stream: Ask]>> = {
  "chat completions": [
    (url, headers) => openai(url).chat.completions.create({ model: "m", messages }, { headers }),
    (url, headers) =>
      openai(url)
        .chat.completions.stream({ model: "m", messages, stream_options: { include_usage: true } }, { headers })
        .finalChatCompletion(),
  ],
  responses: [
    (url, headers) => openai(url).responses.create({ model: "m", input: "Name a river." }, { headers }),
    (url, headers) => openai(url).responses.stream({ model: "m", input: "Name a river." }, { headers }).finalResponse(),
  ],
  messages: [
    (url, headers) => anthropic(url).messages.create({ model: "m", max_tokens: 50, messages }, { headers }),
    (url, headers) => anthropic(url).messages.stream({ model: "m", max_tokens: 50, messages }, { headers }).finalMessage(),
  ],
};

type Ask = (url: string, headers: Record<string, string>) => Promise<object>;

const openai = (url: string): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey: "any" });
const anthropic = (baseURL: string): Anthropic => new Anthropic({ baseURL, apiKey: "any" });

describe("the cache of live requests", () => {
  it.each(Object.entries(asked))(
    "has a streamed answer for a plain request, and the other way round: %s",
    async (_, [plain, stream]) => {
      for (const [first, second] of [
        [plain, stream],
        [stream, plain],
      ] as const) {
        const upstream = await mock();
        const provider = createProvider("openai", { baseUrl: upstream.url });
        const manager = closing(new RequestManager({ provider, cache: new MemoryCache() }));
        const listening = await listen(createServer({ manager, liveCache: "on" }), 0, "127.0.0.1");
        closing({ close: async () => listening.cut() });
        const url = `http://127.0.0.1:${listening.port}`;
        const [wanted, got] = [await first(url, {}), await second(url, {})].map(contentOf);
        expect(got).toEqual(wanted);
        expect(upstream.stats().requestsTotal).toBe(1);
        listening.stop();
      }
    },
  );

  it("is shared with batches: each finds what the other asked, streamed or not", async () => {
    const { upstream, url, manager } = await serveLive(answer, { options: { cache: new MemoryCache() } });
    await told(await ask(url, { ...question, stream: true }, on));
    const [result] = await manager.processBatch([{ url: "/v1/chat/completions", body: question }]);
    expect([result?.cached, result?.text]).toEqual([true, "Hi"]);
    await manager.processBatch([{ url: "/v1/chat/completions", body: { ...question, temperature: 0 } }]);
    expect(await told(await ask(url, { temperature: 0, stream: false, ...question }, on))).toBe("hit 200");
    expect(upstream.ledger).toHaveLength(2);
  });

  it.each([
    ["on", ["stored", "hit"], 1],
    ["read", ["miss", "miss"], 2],
    ["write", ["stored", "stored"], 2],
    ["refresh", ["stored", "stored"], 2],
    ["off", ["off", "off"], 2],
  ])("%s: what two equal requests are told, and how often the provider is asked", async (mode, wanted, calls) => {
    const { upstream, url } = await serveLive(answer, { options: { cache: new MemoryCache() } });
    const results = [await told(await ask(url, question, using(mode))), await told(await ask(url, question, using(mode)))];
    expect(results).toEqual(wanted.map((name) => `${name} 200`));
    expect(upstream.ledger).toHaveLength(calls);
  });

  it("has no part in requests that do not ask for it, unless the server says so, and says how old a hit is", async () => {
    let now = Date.now() - 90_000;
    const cache = new MemoryCache({ now: () => now });
    const { url } = await serveLive(answer, { options: { cache } });
    expect(await told(await ask(url))).toBe("off 200");
    expect(await told(await ask(url, question, on))).toBe("stored 200");
    now += 90_000;
    const hit = await ask(url, question, on);
    expect(Number(hit.headers.get("age"))).toBeGreaterThanOrEqual(90);
    expect(hit.headers.get("x-llmbatch-attempts")).toBe("0");
    const { url: writing } = await serveLive(answer, { liveCache: "write", options: { cache } });
    expect(await told(await ask(writing, { ...question, seed: 1 }))).toBe("stored 200");
    const refused = await ask(url, question, using("sometimes"));
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { code: "invalid_header" } }]);
    expect(await told(await ask((await serveLive(answer)).url, question, on))).toBe("off 200");
  });

  it("tells answers apart by the headers that change them, where these are not what the API is sent anyway", async () => {
    const { upstream, url } = await serveLive(() => ({ body: { content: [{ type: "text", text: "Hi" }], usage: {} } }), {
      options: { cache: new MemoryCache() },
    });
    const send = async (headers: Record<string, string>): Promise<string> =>
      told(
        await fetch(`${url}/v1/messages`, {
          method: "POST",
          body: JSON.stringify({ ...question, max_tokens: 1 }),
          headers: { ...headers, "x-llmbatch-cache": "on" },
        }),
      );
    expect(await send({})).toBe("stored 200");
    expect(await send({ "anthropic-version": "2023-06-01" })).toBe("hit 200");
    expect(await send({ "anthropic-beta": "x" })).toBe("stored 200");
    expect(await send({ "anthropic-beta": "y" })).toBe("stored 200");
    expect(await send({ "anthropic-beta": "x" })).toBe("hit 200");
    expect(upstream.ledger).toHaveLength(3);
  });

  const stateful = [
    { store: true },
    { previous_response_id: "r" },
    { conversation: "c" },
    { background: true },
    { tools: [{ type: "web_search" }] },
  ];
  it.each(stateful)("does not know requests whose state is elsewhere: %o", async (members) => {
    const { url } = await serveLive(answer, { liveCache: "on", options: { cache: new MemoryCache() } });
    expect([
      await told(await ask(url, { ...question, ...members })),
      await told(await ask(url, { ...question, ...members })),
    ]).toEqual(["off 200", "off 200"]);
  });

  it("reads names of members however they are spelled", async () => {
    const { url } = await serveLive(answer, { liveCache: "on", options: { cache: new MemoryCache() } });
    const others = JSON.stringify(question).slice(1);
    const asking = async (member: string): Promise<string> => told(await ask(url, `{${member},${others}`));
    expect(await asking(String.raw`"\u0073tore":true`)).toBe("off 200");
    expect(await asking(String.raw`"stre\u0061m":false`)).toBe("stored 200");
    expect(await asking('"stream":false')).toBe("hit 200");
  });

  const bad: readonly (readonly [string, () => Reply])[] = [
    ["an error in a 200", () => ({ body: { error: { message: "no" }, choices: [{}] } })],
    ["no choices", () => chatAnswer("", { choices: [] })],
    ["a stream that is cut", () => cutInBody(60, streamed(chat([piece({ content: "Hi" }), piece({}, {}, "stop")])))],
    ["a failure", () => errorAnswer(400)],
  ];
  it.each(bad)("does not keep %s", async (_, reply) => {
    let sets = 0;
    const cache = counting(new MemoryCache(), () => (sets += 1));
    const { url } = await serveLive(reply, { liveCache: "on", options: { cache, retry: { maxRetries: 0 } } });
    await ask(url, { ...question, stream: true })
      .then((response) => response.text())
      .catch(() => {});
    await ask(url).then((response) => response.text());
    expect(sets).toBe(0);
  });

  it("keeps a stream of thousands of tokens", async () => {
    const pieces = Array.from({ length: 3_000 }, () => piece({ content: "word " }));
    const { upstream, url } = await serveLive(() => streamed(chat([...pieces, piece({}, {}, "stop")])), {
      options: { cache: new MemoryCache() },
    });
    await told(await ask(url, { ...question, stream: true }, on));
    const second = await ask(url, question, on);
    expect(await second.json()).toMatchObject({ choices: [{ message: { content: "word ".repeat(3_000) } }] });
    expect([second.headers.get("x-llmbatch-cache"), upstream.ledger.length]).toEqual(["hit", 1]);
  });

  it("does not keep a stream of which only a part was put together", async () => {
    const long = chat([piece({ content: "x".repeat(4_200_000) }), piece({}, {}, "stop")]);
    const { upstream, url } = await serveLive(
      ({ body }) => (body.includes('"stream":true') ? streamed(long) : chatAnswer("Hi")),
      {
        options: { cache: new MemoryCache() },
      },
    );
    expect(await (await ask(url, { ...question, stream: true }, on)).text()).toContain("x".repeat(4_200_000));
    const second = await ask(url, question, on);
    expect(await second.json()).toMatchObject({ choices: [{ message: { content: "Hi" } }] });
    expect([second.headers.get("x-llmbatch-cache"), upstream.ledger.length]).toEqual(["stored", 2]);
  });

  it("has an answer before the last event of its stream goes out", async () => {
    const gate = deferred<void>();
    const memory = new MemoryCache();
    const cache: CacheStore = {
      get: (key) => memory.get(key),
      set: async (key, response) => {
        await gate.promise;
        await memory.set(key, response);
      },
      close: () => memory.close(),
    };
    const events = [
      {
        type: "message_start",
        message: { id: "msg", type: "message", role: "assistant", content: [], usage: { input_tokens: 1, output_tokens: 1 } },
      },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hi" } },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 1 } },
      { type: "message_stop" },
    ];
    const stream = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
    const { url } = await serveLive(() => streamed(stream), { options: { cache } });
    const response = await fetch(`${url}/v1/messages`, {
      method: "POST",
      body: JSON.stringify({ ...question, max_tokens: 9, stream: true }),
      ...on,
    });
    let text = "";
    const reading = (async () => {
      for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
    })();
    await expect.poll(() => text).toContain("message_delta");
    expect(text).not.toContain("message_stop");
    gate.resolve();
    await reading;
    expect(text.match(/^event: message_stop$/gm)).toHaveLength(1);
  });

  it("that fails costs no request, and stands in /health and in a warning", async () => {
    const warnings: string[] = [];
    let isBroken = true;
    const memory = new MemoryCache();
    const cache: CacheStore = {
      get: (key) => (isBroken ? fail() : memory.get(key)),
      set: (key, response) => (isBroken ? fail() : memory.set(key, response)),
      close: () => memory.close(),
    };
    const observers = [
      (event: { type: string; message?: string }) => void (event.type === "warning" && warnings.push(event.message ?? "")),
    ];
    const { url } = await serveLive(answer, { options: { cache, observers } });
    const health = async (): Promise<unknown> => (await fetch(`${url}/health`)).json();
    expect(await health()).toEqual({ status: "ok", name: "llmbatch" });
    expect([await told(await ask(url, question, on)), await told(await ask(url, question, using("write")))]).toEqual([
      "off 200",
      "off 200",
    ]);
    expect(await health()).toMatchObject({ status: "ok", cache: "failed" });
    expect(warnings).toEqual([expect.stringContaining("the disk is full")]);
    isBroken = false;
    expect(await told(await ask(url, question, on))).toBe("stored 200");
    expect(await health()).toMatchObject({ cache: "ok" });
  });

  it("is said to fail as long as it takes no answer, though it can be read", async () => {
    const cache: CacheStore = { get: async () => undefined, set: fail, close: async () => {} };
    const { url } = await serveLive(answer, { options: { cache } });
    for (const mode of ["on", "read"]) {
      await told(await ask(url, question, using(mode)));
      expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ cache: "failed" });
    }
  });
});

function counting(cache: CacheStore, onSet: () => void): CacheStore {
  return {
    get: (key) => cache.get(key),
    set: async (key, response) => {
      onSet();
      await cache.set(key, response);
    },
    close: () => cache.close(),
  };
}

async function fail(): Promise<never> {
  throw new Error("the disk is full");
}

/** Without what the packages add. */
function contentOf(given: object): unknown {
  const plain = JSON.parse(JSON.stringify(given));
  for (const choice of plain.choices ?? []) delete choice.message.parsed;
  for (const item of plain.output ?? []) for (const part of item.content ?? []) delete part.parsed;
  delete plain.output_parsed;
  delete plain.parsed_output;
  return plain;
}
