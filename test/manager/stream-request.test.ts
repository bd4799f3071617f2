import { describe, expect, it } from "vitest";
import { createMemoryCache, RequestFailedError, type RunEvent, type StreamPiece } from "../../src/index.ts";
import { helloChunks } from "../providers/protocols/recorded-streams.ts";
import { chat } from "../providers/protocols/stream-pieces.ts";
import {
  chatAnswer,
  cutInBody,
  errorAnswer,
  rateLimited,
  type Reply,
  type Script,
  slowBody,
  streamed,
} from "../support/scripted-server.ts";
import { type Managers, serveManagers } from "./managers.ts";

const usageChunk = { choices: [], usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 } };
const chunks = [...helloChunks, usageChunk];
const events = chat(chunks);
const hello: Reply = streamed(events);

function serveStreams(script: Script = () => hello): Promise<Managers> {
  return serveManagers(script, { retry: { retryDelayMs: 1, maxRetries: 2 } });
}

/** Everything that a stream gives, and what it throws in the end. */
async function take(stream: AsyncIterable<StreamPiece>): Promise<{ chunks: unknown[]; error: unknown }> {
  const taken: unknown[] = [];
  try {
    for await (const { event } of stream) taken.push(event);
    return { chunks: taken, error: undefined };
  } catch (error) {
    return { chunks: taken, error };
  }
}

describe("stream", () => {
  it("gives the chunks as received, in order, and asks for them with usage", async () => {
    const { server, createManager } = await serveStreams();
    const manager = createManager();
    expect(await take(manager.stream("Say hello"))).toEqual({ chunks, error: undefined });
    expect(server.ledger[0]?.json()).toMatchObject({ model: "m", stream: true, stream_options: { include_usage: true } });
    expect(manager.stats).toMatchObject({ requestsCompleted: 1, promptTokens: 7, completionTokens: 2 });
  });

  it("gives each chunk when it comes, not when the answer is whole", async () => {
    const { server, createManager } = await serveStreams(() => slowBody(events.indexOf("\n\n") + 2, 5, hello));
    const stream = createManager().stream("Say hello");
    expect(await stream.next()).toMatchObject({ done: false, value: { event: chunks[0] } });
    expect(server.ledger[0]?.endedAt).toBeUndefined();
    await stream.return();
  });

  it("asks again as long as nothing has come", async () => {
    const replies = [rateLimited("0"), errorAnswer(500), streamed(": wait\n\n"), hello];
    const { server, createManager } = await serveStreams((call) => replies[call.index] ?? errorAnswer(400));
    expect(await take(createManager().stream("Say hello"))).toEqual({ chunks, error: undefined });
    expect(server.ledger).toHaveLength(4);
  });

  it("throws after the chunks of an answer that breaks off, and does not ask again", async () => {
    const { server, createManager } = await serveStreams(() => cutInBody(events.indexOf('"lo"'), hello));
    const manager = createManager();
    const { chunks: taken, error } = await take(manager.stream("Say hello"));
    expect(taken).toEqual(chunks.slice(0, 1));
    expect(error).toBeInstanceOf(RequestFailedError);
    expect(error).toMatchObject({ failure: { kind: "incomplete_stream", retryable: true } });
    expect(server.ledger).toHaveLength(1);
    expect(manager.stats.requestsFailed).toBe(1);
  });

  it("throws what an error event says, and does not give it as a chunk", async () => {
    const failing = 'data: {"error":{"code":"server_error","message":"oh"}}\n\n';
    const { createManager } = await serveStreams(() => streamed(`data: ${JSON.stringify(chunks[0])}\n\n${failing}`));
    const { chunks: taken, error } = await take(createManager().stream("Say hello"));
    expect(taken).toEqual(chunks.slice(0, 1));
    expect(error).toMatchObject({ name: "RequestFailedError", failure: { kind: "server_error" } });
  });

  it.each([
    ["refused", "Say hello", "invalid_request", 1],
    ["no request", { nonsense: true }, "invalid_line", 0],
    ["refused by an API of which nothing is known", { url: "/v1/audio", body: { model: "m" } }, "invalid_request", 1],
  ])("throws at once when it is %s", async (_, request, kind, asked) => {
    const { server, createManager } = await serveStreams(() => errorAnswer(400));
    const { chunks: taken, error } = await take(createManager().stream(request));
    expect(taken).toEqual([]);
    expect(error).toMatchObject({ failure: { kind } });
    expect(server.ledger).toHaveLength(asked);
  });

  it("gives the whole answer of a server that does not stream", async () => {
    const { createManager } = await serveStreams(() => chatAnswer("whole"));
    expect(await take(createManager().stream("Say hello"))).toEqual({ chunks: [chatAnswer("whole").body], error: undefined });
  });

  it("hangs up when the rest is not wanted, and is counted all the same", async () => {
    const ended: RunEvent[] = [];
    const { server, createManager } = await serveStreams(() => slowBody(events.indexOf("\n\n") + 2, 20, hello));
    const manager = createManager({ observers: [(event) => event.type === "request-end" && ended.push(event)] });
    for await (const { event } of manager.stream("Say hello")) {
      expect(event).toEqual(chunks[0]);
      break;
    }
    await server.until(() => server.ledger[0]?.aborted === true);
    expect(ended).toMatchObject([{ result: { status: "failed", failure: { kind: "cancelled" } } }]);
    expect(manager.limiterStatus().inFlight).toBe(0);
  });

  it("keeps to the limits and leaves the cache alone", async () => {
    const { server, createManager } = await serveStreams();
    const cache = createMemoryCache();
    const manager = createManager({ concurrency: 1, cache });
    await Promise.all([take(manager.stream("Say hello")), take(manager.stream("Say hello"))]);
    expect(server.ledger).toHaveLength(2);
    expect(server.peakInFlight).toBe(1);
  });
});
