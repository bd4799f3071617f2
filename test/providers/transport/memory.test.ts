import { execFile } from "node:child_process";
import type { Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { createHttpProvider } from "../../../src/providers/providers.ts";
import { ByteBudget } from "../../../src/providers/transport/byte-budget.ts";
import { requestOf } from "../../contracts/provider.ts";
import { closing, serve } from "../../support/closing.ts";
import { deferred } from "../../support/deferred.ts";
import { chatAnswer, errorAnswer, type Reply, streamed } from "../../support/scripted-server.ts";
import { helloChunks } from "../protocols/recorded-streams.ts";
import { chat, piece } from "../protocols/stream-pieces.ts";
import { ask, ok, outcomeOf, serveBytes } from "./raw-replies.ts";

const megabyte = 1024 * 1024;
const project = join(import.meta.dirname, "../../..");

/** Asks in a process of its own, after an answer and a failure: loading what handles them takes 5 MB. Prints by how many bytes it grew, and what came. */
const program = `
  const { readFileSync } = await import("node:fs");
  const { createHttpProvider } = await import(${JSON.stringify(join(project, "dist/index.js"))});
  const provider = createHttpProvider({ name: "test", baseUrl: process.argv[1] });
  const request = { kind: "request", lineNumber: 1, customId: "a", path: "/v1/chat/completions", model: "m", body: "{}" };
  const send = () => provider.send(request, { signal: new AbortController().signal });
  await send();
  await send();
  const before = process.memoryUsage.rss();
  const attempt = await send();
  const growth = 1024 * /VmHWM:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1] - before;
  console.log(JSON.stringify({ growth, outcome: attempt.ok ? attempt.response.body.length : attempt.failure.kind }));
  await provider.close();
`;

async function growthAt(reply: Reply): Promise<{ growth: number; outcome: unknown }> {
  const server = await serve((call) => [chatAnswer(), errorAnswer(500)][call.index] ?? reply);
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program, "--", server.url]);
  return JSON.parse(stdout);
}

/** Of a body, in megabytes. */
const size = 8;
const longText = "x".repeat(size * megabyte);

describe.runIf(process.platform === "linux")("the memory of one answer", () => {
  it.each<[string, number, unknown, () => Reply]>([
    ["a gzip bomb", 64, "invalid_response", () => compressed("gzip", gzipSync(Buffer.alloc(100 * megabyte), { level: 1 }))],
    ["a brotli bomb", 64, "invalid_response", () => compressed("br", brotliOf(Buffer.alloc(100 * megabyte)))],
    ["an error", 32, "server_error", () => ({ status: 500, body: `{"error":{"message":"${longText}"}}` })],
    ["brackets", 22 * size, size * megabyte, () => ({ body: answer(`${"{},".repeat(2_500_000)}{}`) })],
    ["nested brackets", 12 * size, "invalid_response", () => ({ body: answer("[".repeat(4e6) + "]".repeat(4e6)) })],
  ])("is bounded: %s, %i MB", async (_name, maxMegabytes, outcome, reply) => {
    const measured = await growthAt(reply());
    expect(measured.outcome).toBe(outcome);
    expect(measured.growth / megabyte).toBeLessThan(maxMegabytes);
  });
});

function answer(choices: string): string {
  return `{"choices":[${choices}]}`.padEnd(size * megabyte);
}

describe("many answers", () => {
  it("are read by turns where they are more than memory may hold, streams and compressed ones among them", async () => {
    const text = "x".repeat(200_000);
    const zipped = compressed("gzip", gzipSync(JSON.stringify(chatAnswer(text).body), { level: 0 }));
    const replies = [chatAnswer(text), zipped, streamed(chat(helloChunks) + `: ${text}\n`)];
    const server = await serve((call) => replies[call.index % replies.length] ?? chatAnswer());
    const provider = closing(createHttpProvider({ name: "test", baseUrl: server.url }, new ByteBudget(100_000)));
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask(provider)));
    expect(answers.map(String).toSorted()).toEqual([...Array(10).fill("Hello"), ...Array(20).fill(text)]);
  });
});

describe("a stream beside other answers", () => {
  const small = `data: ${JSON.stringify(piece({ content: "x" }))}\n\n`;
  const end = `data: ${JSON.stringify(piece({}, {}, "stop"))}\n\ndata: [DONE]\n\n`;
  const head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

  it("counts for what is kept of it, which is a quarter of what comes", async () => {
    const sockets: Socket[] = [];
    const { server } = await serveBytes(({ socket }) => {
      sockets.push(socket);
      return head + small.repeat(4_000);
    });
    const provider = closing(createHttpProvider({ name: "test", baseUrl: server.url }, new ByteBudget(1.5 * megabyte)));
    let events = 0;
    const onEvent = (): undefined => void (events += 1);
    const options = { signal: new AbortController().signal, onEvent, keepsAnswer: true };
    const attempts = Array.from({ length: 3 }, () => provider.send(requestOf(), options));
    await expect.poll(() => events).toBe(12_000);
    for (const socket of sockets) socket.end(end);
    expect((await Promise.all(attempts)).map(outcomeOf)).toEqual(Array(3).fill("x".repeat(4_000)));
  });

  it("holds nobody up while it waits for its own reader", async () => {
    const text = "x".repeat(200_000);
    const { server } = await serveBytes(({ index, socket }) => {
      if (index > 0) return ok(text);
      socket.end(head + small.repeat(1_000) + end);
      return undefined;
    });
    const provider = closing(createHttpProvider({ name: "test", baseUrl: server.url }, new ByteBudget(10_000)));
    const reader = deferred<void>();
    const hasBegun = deferred<void>();
    const onEvent = (): Promise<void> => {
      hasBegun.resolve();
      return reader.promise;
    };
    const first = provider.send(requestOf(), { signal: new AbortController().signal, onEvent });
    await hasBegun.promise;
    expect(await Promise.all([ask(provider), ask(provider)])).toEqual([text, text]);
    reader.resolve();
    expect(outcomeOf(await first)).toMatch(/^x{100,}$/);
    expect(server.requests).toBe(3);
  });
});

function compressed(encoding: string, body: Buffer): Reply {
  return { headers: { "content-encoding": encoding }, body };
}

function brotliOf(bytes: Buffer): Buffer {
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
}
