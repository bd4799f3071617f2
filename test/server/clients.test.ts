import Anthropic from "@anthropic-ai/sdk";
import OpenAI, { APIError, BadRequestError, InternalServerError } from "openai";
import { describe, expect, it } from "vitest";
import { mock } from "../support/closing.ts";
import { chat, piece } from "../providers/protocols/stream-pieces.ts";
import { cutInBody, errorAnswer, streamed } from "../support/scripted-server.ts";
import { createProvider, RequestManager } from "../../src/index.ts";
import { createServer, listen } from "../../src/server/server.ts";
import { closing } from "../support/closing.ts";
import { serveLive } from "./live-server.ts";

const messages = [{ role: "user" as const, content: "Name a river." }];

/** The mock, and a server before it. */
async function serveMock(): Promise<readonly [direct: string, served: string]> {
  const upstream = await mock();
  const provider = createProvider("openai", { baseUrl: upstream.url });
  const manager = closing(new RequestManager({ provider }));
  const server = createServer({ manager });
  const listening = await listen(server, 0, "127.0.0.1");
  closing({ close: async () => listening.cut() });
  closing({ close: async () => listening.stop() });
  return [upstream.url.replace(/\/v1$/, ""), `http://127.0.0.1:${listening.port}`];
}

function openai(url: string): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: "any" });
}

function anthropic(baseURL: string): Anthropic {
  return new Anthropic({ baseURL, apiKey: "any" });
}

/** What each call of the packages gives, plain data. */
const calls: Readonly<Record<string, (url: string) => Promise<unknown>>> = {
  "chat completions": (url) => openai(url).chat.completions.create({ model: "m", messages }),
  "chat completions as a stream with usage": async (url) => {
    const body = { model: "m", messages, stream: true, stream_options: { include_usage: true } } as const;
    const chunks: unknown[] = [];
    for await (const chunk of await openai(url).chat.completions.create(body)) chunks.push(chunk);
    return chunks;
  },
  responses: (url) => openai(url).responses.create({ model: "m", input: "Name a river." }),
  "responses as a stream": (url) => openai(url).responses.stream({ model: "m", input: "Name a river." }).finalResponse(),
  completions: (url) => openai(url).completions.create({ model: "m", prompt: "A river:" }),
  "embeddings, which the package asks for as base64": (url) => openai(url).embeddings.create({ model: "m", input: ["a", "b"] }),
  messages: (url) => anthropic(url).messages.create({ model: "m", max_tokens: 50, messages }),
  "messages as a stream": (url) => anthropic(url).messages.stream({ model: "m", max_tokens: 50, messages }).finalMessage(),
};

describe("the vendors' packages", () => {
  it.each(Object.entries(calls))("get the provider's own answer: %s", async (_, call) => {
    const [direct, served] = await serveMock();
    const [wanted, got] = [await call(direct), await call(served)].map((answer) => JSON.parse(JSON.stringify(answer)));
    expect(got).toEqual(wanted);
  });

  it("know our ids", async () => {
    const { url } = await serveLive();
    const { request_id: id } = await openai(url).chat.completions.create({ model: "m", messages }).withResponse();
    expect(id).toMatch(/^req_[\da-f]{24}$/);
  });

  it.each([
    ["a request at fault", 400, BadRequestError, 1],
    ["a provider that breaks", 500, InternalServerError, 3],
  ])("ask once where asking again is in vain: %s", async (_, status, kind, asked) => {
    const { upstream, server, url } = await serveLive(() => errorAnswer(status));
    await expect(openai(url).chat.completions.create({ model: "m", messages })).rejects.toBeInstanceOf(kind);
    expect(upstream.ledger).toHaveLength(asked);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      `endpoint="/v1/chat/completions",status="${status === 400 ? 400 : 502}"} 1`,
    );
    expect(server.open).toBe(0);
  });

  it("raise where a stream is cut, and never take it for short", async () => {
    const events = chat([
      piece({ role: "assistant", content: "" }),
      piece({ content: "Hel" }),
      piece({ content: "lo" }),
      piece({}, {}, "stop"),
    ]);
    const { url } = await serveLive(() => cutInBody(events.indexOf('"lo"'), streamed(events)));
    const taken: unknown[] = [];
    const take = async (): Promise<void> => {
      for await (const chunk of await openai(url).chat.completions.create({ model: "m", messages, stream: true }))
        taken.push(chunk);
    };
    await expect(take()).rejects.toBeInstanceOf(APIError);
    expect(taken).toHaveLength(2);
  });

  it("raise where Anthropic's stream is cut", async () => {
    const start = {
      type: "message_start",
      message: { id: "msg_1", type: "message", role: "assistant", model: "m", content: [], usage: {} },
    };
    const events = `event: message_start\ndata: ${JSON.stringify(start)}\n\n`;
    const { url } = await serveLive(() => streamed(events));
    await expect(anthropic(url).messages.stream({ model: "m", max_tokens: 9, messages }).finalMessage()).rejects.toThrow(/./);
  });
});
