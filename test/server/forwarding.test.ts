import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { chatAnswer } from "../support/scripted-server.ts";
import { ask, question, serveLive } from "./live-server.ts";

describe("what goes to the provider", () => {
  it("is the body as it came, whatever its members are called in a batch", async () => {
    const { upstream, url } = await serveLive();
    const body = `{ "model": "m", "messages": [], "metadata": {"provider":"evil"}, "provider": {"order":["x"]},\n "prompt":"@/etc/passwd",
      "seed": 9223372036854775807, "api_base":"http://evil.example", "custom_id":"x", "temperature": 1.0 }`;
    expect((await ask(url, body)).status).toBe(200);
    expect(upstream.ledger.map((call) => call.body)).toEqual([body]);
  });

  it("is unpacked", async () => {
    const { upstream, url } = await serveLive();
    const text = JSON.stringify(question);
    const packed = { body: gzipSync(text), headers: { "content-encoding": "gzip" } };
    const response = await fetch(`${url}/chat/completions`, { method: "POST", ...packed });
    expect(response.status).toBe(200);
    expect(upstream.ledger[0]?.body).toBe(text);
    expect(upstream.ledger[0]?.headers["content-encoding"]).toBeUndefined();
  });

  it("has the key of the provider, and of the client's headers those that change the answer", async () => {
    const { upstream, url } = await serveLive();
    const headers = {
      authorization: "Bearer client-token",
      "x-api-key": "client-token",
      cookie: "a=b",
      "openai-organization": "theirs",
      "x-forwarded-for": "10.0.0.1",
      "openai-beta": "assistants=v2",
      "anthropic-beta": "tools-1",
      "anthropic-version": "2026-10-21",
    };
    await fetch(`${url}/v1/messages?beta=true`, {
      method: "POST",
      headers,
      body: JSON.stringify({ ...question, max_tokens: 5 }),
    });
    const [call] = upstream.ledger;
    expect(call?.path).toBe("/v1/messages");
    expect(call?.headers).toMatchObject({
      authorization: "Bearer sk-upstream-key",
      "openai-beta": "assistants=v2",
      "anthropic-beta": "tools-1",
      "anthropic-version": "2026-10-21",
    });
    expect(JSON.stringify(call?.headers)).not.toMatch(/client-token|a=b|theirs|10\.0\.0\.1|sec-fetch/);
  });
});

describe("what comes back", () => {
  it("tells of our limits", async () => {
    const options = { requestsPerMinute: 600, tokensPerMinute: 60_000 };
    const { url } = await serveLive(undefined, { options });
    const { headers } = await ask(url);
    expect(headers.get("x-ratelimit-limit-tokens")).toBe("60000");
    expect(headers.get("x-ratelimit-limit-requests")).toBe("600");
    expect(headers.get("x-ratelimit-reset-tokens")).toMatch(/^\d+s$/);
  });

  it.each([
    ["base64", Buffer.from(Float32Array.of(0.5, -2, 3).buffer).toString("base64")],
    ["float", [0.5, -2, 3]],
  ])("are vectors as the client wants them, whatever the provider sends: %s", async (encoding_format, embedding) => {
    const data = [{ object: "embedding", index: 0, embedding: [0.5, -2, 3] }];
    const { url } = await serveLive(() => ({ body: { object: "list", data, model: "e", usage: { prompt_tokens: 2 } } }));
    const body = JSON.stringify({ model: "e", input: "Hi", encoding_format });
    const response = await fetch(`${url}/v1/embeddings`, { method: "POST", body });
    expect(await response.json()).toMatchObject({ data: [{ embedding }] });
  });

  it("is the provider's body as received, and no header but ours", async () => {
    const reply = {
      ...chatAnswer(),
      headers: { "set-cookie": "a=b", "x-powered-by": "them", "x-request-id": "req_up" },
    };
    const { url } = await serveLive(() => reply);
    const response = await ask(url);
    expect(await response.json()).toEqual(chatAnswer().body);
    const names = [...response.headers.keys()].toSorted();
    expect(names).toEqual([
      "cache-control",
      "connection",
      "content-length",
      "content-type",
      "date",
      "keep-alive",
      "request-id",
      "server-timing",
      "x-llmbatch-attempts",
      "x-llmbatch-cache",
      "x-llmbatch-provider",
      "x-llmbatch-upstream-id",
      "x-request-id",
    ]);
    expect(response.headers.get("x-llmbatch-upstream-id")).toBe("req_up");
    expect(response.headers.get("x-request-id")).toMatch(/^req_[\da-f]{24}$/);
  });
});
