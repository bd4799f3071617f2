import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect } from "vitest";
import { createProvider, RequestManager, type RequestManagerOptions } from "../../src/index.ts";
import { type ConnectionLimits, createServer, listen, type LiveServer, type ServerOptions } from "../../src/server/server.ts";
import { closing, serve } from "../support/closing.ts";
import type { Script, ScriptedServer } from "../support/scripted-server.ts";
import { strangeHeadersOf, watchingHeaders } from "./allowed-headers.ts";

export interface Served {
  /** Who is asked. */
  readonly upstream: ScriptedServer;
  readonly manager: RequestManager;
  readonly server: LiveServer;
  readonly port: number;
  /** `http://127.0.0.1:PORT`, with no slash at the end. */
  readonly url: string;
}

export interface ServedOptions extends Omit<ServerOptions, "manager"> {
  /** Of the manager. */
  readonly options?: Partial<RequestManagerOptions>;
  /** Of the provider. @default one */
  readonly keys?: readonly string[];
  /** Of streams that wait, and of readers that do not read. */
  readonly times?: { readonly firstMs?: number; readonly everyMs?: number; readonly stalledMs?: number };
  /** Of connections. */
  readonly limits?: Partial<ConnectionLimits>;
}

const quick = { retryDelayMs: 1, maxRetryDelayMs: 1, maxRetries: 2 };

/** A server for live clients before a scripted provider; both are gone when the test is over. */
export async function serveLive(
  script?: Script,
  { options, keys = ["sk-upstream-key"], times, limits, ...own }: ServedOptions = {},
): Promise<Served> {
  const upstream = await serve(script);
  const provider = createProvider("openai", {
    baseUrl: upstream.url,
    ...(keys.length > 1 ? { apiKeys: keys } : { apiKey: keys[0] }),
  });
  const manager = closing(new RequestManager({ provider, retry: quick, ...options }));
  const server = createServer({ manager, ...own }, times);
  const watched = Object.assign(Object.create(server), { listener: watchingHeaders(server.listener) });
  const listening = await listen(watched, 0, "127.0.0.1", limits);
  closing({
    close: async () => {
      listening.stop();
      listening.cut();
      await server.idle();
    },
  });
  return { upstream, manager, server, port: listening.port, url: `http://127.0.0.1:${listening.port}` };
}

export const question = { model: "m", messages: [{ role: "user", content: "Hi" }] };

/** Asks for an answer of Chat Completions. */
export function ask(url: string, body: unknown = question, init: RequestInit = {}): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return fetch(`${url}/v1/chat/completions`, { method: "POST", body: text, ...init });
}

/** Sends these bytes by themselves. @returns what came back until the server closed the connection. */
export async function sendBytes(port: number, bytes: string | Buffer): Promise<string> {
  const socket = await open(port);
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  socket.write(bytes);
  await once(socket, "close");
  expect(strangeHeadersOf(text)).toEqual([]);
  return text;
}

export async function open(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** The request of a client as bytes. */
export function requestBytes(body: unknown = question, headers: Readonly<Record<string, string>> = {}): string {
  const text = JSON.stringify(body);
  const own = Object.entries({
    host: "localhost",
    connection: "close",
    "content-length": String(Buffer.byteLength(text)),
    ...headers,
  });
  return ["POST /v1/chat/completions HTTP/1.1", ...own.map(([name, value]) => `${name}: ${value}`), "", text].join("\r\n");
}
