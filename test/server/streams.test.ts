import { describe, expect, it } from "vitest";
import { recordedStreams } from "../providers/protocols/recorded-streams.ts";
import { chat, piece } from "../providers/protocols/stream-pieces.ts";
import { chatAnswer, cutInBody, errorAnswer, type Reply, silence, streamed } from "../support/scripted-server.ts";
import { deferred } from "../support/deferred.ts";
import { ask, question, serveLive } from "./live-server.ts";

const paths = ["/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages"];
const recordings = paths.flatMap((path) => (recordedStreams[path] ?? []).map((recording) => Object.assign({ path }, recording)));

/** What a stream sent: its events without those that keep it alive, and whether it ended cleanly. */
async function readStream(response: Response): Promise<{ text: string; isClean: boolean }> {
  let text = "";
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
    return { text, isClean: true };
  } catch {
    return { text, isClean: false };
  }
}

function eventsOf(text: string): string[] {
  return text
    .split(/\r?\n\r?\n/)
    .map((event) => event.replaceAll(/^(?::.*|id:.*|retry:.*)(?:\r?\n|$)/gm, "").trim())
    .filter((event) => event !== "");
}

const errorEvents: Readonly<Record<string, RegExp>> = {
  "/v1/chat/completions": /data: \{"error":\{"message":".+","type":"api_error","param":null,"code":"provider_error"\}\}/,
  "/v1/messages": /event: error\ndata: \{"type":"error","error":\{"type":"api_error"/,
  "/v1/responses": /event: response\.failed\ndata: .*\n\nevent: error\ndata: /,
};

function isUsage(event: string): boolean {
  return /"choices":\[\],.*"usage":\{/.test(event);
}

function namedEvents(events: string): number {
  return events.match(/^event: /gm)?.length ?? 0;
}

const streaming = { ...question, stream: true };

describe("a stream", () => {
  it.each(recordings)("goes on event by event: $path, $name", async ({ path, request, events }) => {
    const { upstream, url } = await serveLive(() => streamed(events));
    const body = JSON.stringify({ ...request, model: "m", stream: true });
    const response = await fetch(`${url}${path}`, { method: "POST", body });
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const { text, isClean } = await readStream(response);
    expect(isClean).toBe(true);
    const asksForUsage = JSON.stringify(request).includes("include_usage");
    const wanted = eventsOf(events).filter((event) => asksForUsage || !isUsage(event));
    expect(eventsOf(text).map(dataOf)).toEqual(wanted.map(dataOf));
    expect(text).not.toMatch(/^(?:id|retry):/m);
    expect(text.match(/^event: /gm)?.length ?? 0).toBe(path === "/v1/messages" ? eventsOf(text).length : namedEvents(events));
    const added = asksForUsage || !path.endsWith("completions") ? "" : '"stream_options":{"include_usage":true},';
    expect(upstream.ledger[0]?.body).toBe(`{${added}${body.slice(1)}`);
  });

  it("says nothing of usage that the client did not ask for, in no event", async () => {
    const pieces = [piece({ content: "Hi", name: '"usage":null' }, { usage: null }), piece({}, { usage: null }, "stop")];
    const { url } = await serveLive(() => streamed(chat([...pieces, { choices: [], usage: { prompt_tokens: 1 } }])));
    const { text } = await readStream(await ask(url, streaming));
    const events = eventsOf(text).map(dataOf);
    expect(events.slice(0, -1).map((event) => JSON.parse(event))).toEqual([
      piece({ content: "Hi", name: '"usage":null' }),
      piece({}, {}, "stop"),
    ]);
  });

  it("keeps an event without choices that tells something else", async () => {
    const filtered = { choices: [], prompt_filter_results: [{ prompt_index: 0 }], usage: null };
    const { url } = await serveLive(() => streamed(chat([filtered, piece({ content: "Hi" }), piece({}, {}, "stop")])));
    const { text } = await readStream(await ask(url, streaming));
    const [first] = eventsOf(text).map(dataOf);
    expect(JSON.parse(first ?? "")).toEqual({ choices: [], prompt_filter_results: [{ prompt_index: 0 }] });
  });

  it("is counted with its usage, which the client did not ask for", async () => {
    const { events } = recordedStreams["/v1/chat/completions"]?.[0] ?? { events: "" };
    const { manager, url } = await serveLive(() => streamed(events));
    await readStream(await ask(url, streaming));
    expect(manager.stats).toMatchObject({ promptTokens: 12, completionTokens: 5, requestsCompleted: 1 });
  });

  it.each(recordings)(
    "that is cut never ends cleanly, and says so in its API's way: $path, $name",
    async ({ path, request, events }) => {
      const { url, manager } = await serveLive(() => cutInBody(Math.floor(Buffer.byteLength(events) / 2), streamed(events)));
      const body = JSON.stringify({ ...request, model: "m", stream: true });
      const { text, isClean } = await readStream(await fetch(`${url}${path}`, { method: "POST", body }));
      expect(isClean).toBe(false);
      expect(text).not.toMatch(/\[DONE\]|message_stop|response\.completed/);
      expect(text).toMatch(errorEvents[path === "/v1/completions" ? "/v1/chat/completions" : path] ?? "");
      expect(manager.stats.requestsFailed).toBe(1);
    },
  );

  it("is asked for elsewhere as long as nothing of it has come", async () => {
    const events = chat([piece({ content: "Hi" }), piece({}, {}, "stop")]);
    const { upstream, url } = await serveLive(({ index }) => (index < 2 ? errorAnswer(503) : streamed(events)));
    const { text, isClean } = await readStream(await ask(url, streaming));
    expect([isClean, text.includes("[DONE]"), upstream.ledger.length]).toEqual([true, true, 3]);
  });

  it("that fails before it begins is an error, not a stream", async () => {
    const { url } = await serveLive(() => errorAnswer(400, { message: "no", code: "bad" }));
    const response = await ask(url, streaming);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: { message: "no", type: null, param: null, code: "bad" } });
  });

  it("that waits is opened and kept alive, and then goes on", async () => {
    const gate = deferred<Reply>();
    const { url } = await serveLive(() => gate.promise, { times: { firstMs: 1, everyMs: 5 } });
    const response = await ask(url, streaming); // the head comes before the answer
    expect(response.status).toBe(200);
    const reader = response.body?.getReader();
    const first = await reader?.read();
    expect(Buffer.from(first?.value ?? []).toString()).toMatch(/^: keep-alive\n/);
    gate.resolve(errorAnswer(400, { message: "no" }));
    await expect(reader?.closed).rejects.toThrow(/./);
  });

  it("that was opened while it waited for too long counts as cut", async () => {
    const { upstream, url } = await serveLive(silence, { times: { firstMs: 1 }, options: { concurrency: 1 } });
    const blocker = new AbortController();
    const blocking = ask(url, question, { signal: blocker.signal }).catch(() => "left");
    await upstream.until(() => upstream.inFlight === 1);
    const response = await ask(url, streaming, { headers: { "x-stainless-timeout": "0.2" } });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow(/./);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain("llmbatch_streams_cut_total 1\n");
    blocker.abort();
    expect(await blocking).toBe("left");
  });

  it("is made of an answer that came in one piece", async () => {
    const { url } = await serveLive(() => chatAnswer("Hello!"));
    const response = await ask(url, { ...streaming, stream_options: { include_usage: true } });
    const { text } = await readStream(response);
    const [first, usage, done] = eventsOf(text).map(dataOf);
    expect(JSON.parse(first ?? "")).toMatchObject({
      object: "chat.completion.chunk",
      choices: [{ index: 0, delta: { role: "assistant", content: "Hello!" }, finish_reason: "stop" }],
    });
    expect(JSON.parse(usage ?? "")).toMatchObject({ choices: [], usage: { prompt_tokens: 10 } });
    expect(done).toBe("[DONE]");
  });

  it("is made of an answer without the usage that the client declined", async () => {
    const { url } = await serveLive(() => chatAnswer("Hello!"));
    const response = await ask(url, { ...streaming, stream_options: { include_usage: false } });
    const { text } = await readStream(response);
    expect(text).toContain("Hello!");
    expect(text).not.toContain("usage");
  });
});

function dataOf(event: string): string {
  return event
    .split(/\r?\n/)
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5).trim())
    .join("\n");
}
