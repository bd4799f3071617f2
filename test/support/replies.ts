import type { ServerResponse } from "node:http";

/** What to answer. `{}` is an empty 200. */
export interface Reply {
  /** Default: 200. */
  readonly status?: number;
  /** `content-type` and a true `content-length` are added unless given here. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Text and bytes go as they are, anything else as JSON. */
  readonly body?: unknown;
  /** Milliseconds before the first byte. */
  readonly delayMs?: number;
  /** Goes wrong in this way. */
  readonly fault?: Fault;
}

export type Fault =
  /** The connection ends before any byte of the answer: `reset` by RST, `close` by FIN. */
  | { readonly type: "cut-before-headers"; readonly how: "reset" | "close" }
  | { readonly type: "cut-after-headers" }
  | { readonly type: "cut-in-body"; readonly afterBytes: number }
  /** The body comes in pieces, with a pause before each. */
  | { readonly type: "slow-body"; readonly chunkBytes: number; readonly everyMs: number }
  /** The body is repeated for ever, as fast as the client takes it. */
  | { readonly type: "endless-body" }
  /** No byte ever comes; the connection stays open. */
  | { readonly type: "silence" }
  /** These bytes instead of an HTTP answer, then the connection is closed, or kept. */
  | { readonly type: "raw"; readonly bytes: string | Buffer; readonly after: "close" | "keep" };

/** An answer of Chat Completions. `usage` counts 10 tokens in, 5 out, unless told otherwise. */
export function chatAnswer(content = "Hello!", extra: Readonly<Record<string, unknown>> = {}): Reply {
  const choice = { index: 0, message: { role: "assistant", content, refusal: null }, logprobs: null, finish_reason: "stop" };
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  const body = {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "test-model",
    choices: [choice],
    usage,
    ...extra,
  };
  return { headers: { "x-request-id": "req_1" }, body };
}

/** An answer that streams these events. */
export function streamed(events: string): Reply {
  return { headers: { "content-type": "text/event-stream" }, body: events };
}

/** An error of the OpenAI shape. */
export function errorAnswer(status: number, error: object = {}, headers: Record<string, string> = {}): Reply {
  return { status, headers, body: { error: { message: `error ${status}`, type: null, param: null, code: null, ...error } } };
}

/** A 429 as OpenAI sends it; `retryAfter` goes into the header as it is. */
export function rateLimited(retryAfter?: string): Reply {
  const error = { message: "Rate limit reached for requests", type: "requests", code: "rate_limit_exceeded" };
  return errorAnswer(429, error, retryAfter === undefined ? {} : { "retry-after": retryAfter });
}

export function delayed(delayMs: number, reply: Reply): Reply {
  return { ...reply, delayMs };
}

export function cutBeforeHeaders(how: "reset" | "close" = "reset"): Reply {
  return { fault: { type: "cut-before-headers", how } };
}

export function cutAfterHeaders(reply: Reply = chatAnswer()): Reply {
  return { ...reply, fault: { type: "cut-after-headers" } };
}

export function cutInBody(afterBytes: number, reply: Reply = chatAnswer()): Reply {
  return { ...reply, fault: { type: "cut-in-body", afterBytes } };
}

export function slowBody(chunkBytes: number, everyMs: number, reply: Reply = chatAnswer()): Reply {
  return { ...reply, fault: { type: "slow-body", chunkBytes, everyMs } };
}

export function endlessBody(reply: Reply): Reply {
  return { ...reply, fault: { type: "endless-body" } };
}

export function silence(): Reply {
  return { fault: { type: "silence" } };
}

/** Bytes that need not be HTTP. `["HTTP/1.1 200 OK", "content-length: 2", "", "{}"].join("\r\n")` is. */
export function rawBytes(bytes: string | Buffer, after: "close" | "keep" = "close"): Reply {
  return { fault: { type: "raw", bytes, after } };
}

/** A 200 that claims to be `difference` bytes longer (or shorter, if negative) than it is, and then closes the connection. */
export function wrongContentLength(difference: number, body = JSON.stringify(chatAnswer().body)): Reply {
  const length = Buffer.byteLength(body) + difference;
  return rawBytes(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`);
}

/**
 * Puts a reply on the wire. A client may send its next request before node has "finished" the response to the last one: until then
 * the next response has no socket, and a fault would have nothing to cut. Such a reply waits for its socket.
 */
export function sendReply(response: ServerResponse, reply: Reply): void {
  const { socket } = response;
  if (response.req.socket.destroyed) return;
  if (socket === null) {
    response.once("socket", () => sendReply(response, reply));
    return;
  }
  const body = bodyBytes(reply.body);
  const { fault } = reply;
  switch (fault?.type) {
    case undefined:
      writeHead(response, reply, body);
      response.end(body);
      break;
    case "cut-before-headers":
      if (fault.how === "reset") socket.resetAndDestroy();
      else socket.destroy();
      break;
    case "cut-after-headers":
      writeHead(response, reply, body);
      response.flushHeaders();
      socket.end(() => socket.destroy());
      break;
    case "cut-in-body":
      writeHead(response, reply, body);
      response.write(body.subarray(0, fault.afterBytes), () => socket.destroy());
      break;
    case "slow-body":
      writeHead(response, reply, body);
      writeSlowly(response, body, fault.chunkBytes, fault.everyMs);
      break;
    case "endless-body":
      response.writeHead(reply.status ?? 200, { "content-type": "application/json", ...reply.headers });
      writeForEver(response, body);
      break;
    case "raw":
      socket.write(fault.bytes);
      if (fault.after === "close") socket.end();
      break;
    case "silence":
      break;
  }
}

function bodyBytes(body: unknown): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

function writeHead(response: ServerResponse, reply: Reply, body: Buffer): void {
  const type = typeof reply.body === "string" ? "text/plain" : "application/json";
  response.writeHead(reply.status ?? 200, { "content-type": type, "content-length": body.length, ...reply.headers });
}

function writeSlowly(response: ServerResponse, body: Buffer, chunkBytes: number, everyMs: number): void {
  let at = 0;
  response.flushHeaders();
  const timer = setInterval(() => {
    response.write(body.subarray(at, at + chunkBytes));
    at += chunkBytes;
    if (at >= body.length) response.end();
  }, everyMs);
  response.on("finish", () => clearInterval(timer));
  response.on("close", () => clearInterval(timer));
}

function writeForEver(response: ServerResponse, piece: Buffer): void {
  const write = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on("drain", write);
  write();
}
