import { expect, it } from "vitest";
import { createProvider, type HttpProviderOptions, type Provider } from "../../../src/index.ts";
import { requestOf } from "../../contracts/provider.ts";
import { closing } from "../../support/closing.ts";
import { deferred } from "../../support/deferred.ts";
import { chatAnswer, startRawServer } from "../../support/scripted-server.ts";
import { chat, piece } from "../protocols/stream-pieces.ts";
import type { Socket } from "node:net";

const timeoutMs = 500;
const { signal } = new AbortController();

/** As after Ctrl-Z, the process runs nothing until its timers are long overdue. What it has written by then, it has also received. */
async function standStill(): Promise<void> {
  await new Promise((resolve) => process.nextTick(resolve));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeoutMs + 1_500);
}

/** A provider, and the connection on which its first request has come. */
async function start(options: Partial<HttpProviderOptions>): Promise<{ provider: Provider; asked: Promise<Socket> }> {
  const { promise: asked, resolve } = deferred<Socket>();
  const server = closing(await startRawServer((socket) => socket.once("data", () => resolve(socket))));
  const provider = createProvider("openai", { baseUrl: `http://127.0.0.1:${server.port}/v1`, apiKey: "key", ...options });
  return { provider: closing(provider), asked };
}

it("an answer that came while the program was stopped for longer than the timeout was thrown away", async () => {
  const { provider, asked } = await start({ timeoutMs });
  const sent = provider.send(requestOf(), { signal });
  const body = JSON.stringify(chatAnswer("fine").body);
  (await asked).write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  await standStill();
  expect(await sent).toMatchObject({ ok: true });
});

it("a stream whose rest came while the program was stopped was taken for silent", async () => {
  const { provider, asked } = await start({ idleTimeoutMs: timeoutMs });
  const begun = deferred<unknown>();
  const sent = provider.send(requestOf(), { signal, onEvent: (event) => void begun.resolve(event) });
  const [first = "", ...rest] = chat([piece({ content: "fi" }), piece({ content: "ne" }, {}, "stop")]).split(/(?<=\n\n)/);
  const socket = await asked;
  socket.write(`HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n${first}`);
  await begun.promise;
  socket.end(rest.join(""));
  await standStill();
  expect(await sent).toMatchObject({ ok: true });
});

it("no answer at all is still a timeout, a little later", async () => {
  const { provider, asked } = await start({ timeoutMs });
  const sent = provider.send(requestOf(), { signal });
  await asked;
  await standStill();
  expect(await sent).toMatchObject({ ok: false, failure: { kind: "timeout" } });
});
