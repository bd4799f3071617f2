import { expect, it } from "vitest";
import { createProvider, type HttpProviderOptions, type Provider } from "../../../src/index.ts";
import { requestOf } from "../../contracts/provider.ts";
import { closing } from "../../support/closing.ts";
import { deferred } from "../../support/deferred.ts";
import { chatAnswer, startRawServer } from "../../support/scripted-server.ts";
import { chat, piece } from "../protocols/stream-pieces.ts";
import type { Socket } from "node:net";

/** Long enough for three requests to be sent on a busy machine. */
const timeoutMs = 1_500;
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

/** All at once, because each would stop the whole process for as long. */
it("what came while the program was stopped for longer than the timeout was thrown away; what did not come is still late", async () => {
  const [whole, streamed, silent] = [
    await start({ timeoutMs }),
    await start({ idleTimeoutMs: timeoutMs }),
    await start({ timeoutMs }),
  ];
  const begun = deferred<unknown>();
  const streaming = { signal, onEvent: (event: unknown) => void begun.resolve(event) };
  const sent = [
    streamed.provider.send(requestOf(), streaming),
    whole.provider.send(requestOf(), { signal }),
    silent.provider.send(requestOf(), { signal }),
  ];
  const [stream, answer] = await Promise.all([streamed.asked, whole.asked, silent.asked]);

  const [first = "", ...rest] = chat([piece({ content: "fi" }), piece({ content: "ne" }, {}, "stop")]).split(/(?<=\n\n)/);
  stream.write(`HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n${first}`);
  await begun.promise;
  stream.end(rest.join(""));
  const body = JSON.stringify(chatAnswer("fine").body);
  answer.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  await standStill();
  expect(await Promise.all(sent)).toMatchObject([{ ok: true }, { ok: true }, { ok: false, failure: { kind: "timeout" } }]);
});
