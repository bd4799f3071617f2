import type { IncomingMessage, ServerResponse } from "node:http";
import type { Reply } from "../reply.ts";

/** One HTTP request and its response, which is sent once at most. A client that leaves early is noticed, and its timer stopped. */
export class Exchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #isOpen = true;
  #timer: NodeJS.Timeout | undefined;

  /** @param onLeave Called if the client goes away, or the server closes, before the response was sent. */
  constructor(request: IncomingMessage, response: ServerResponse, onLeave: () => void) {
    this.#request = request;
    this.#response = response;
    response.on("close", () => {
      if (!this.#isOpen) return;
      this.#isOpen = false;
      clearTimeout(this.#timer);
      onLeave();
    });
  }

  /** Collects the body. Calls one of the two, once, or neither if the client leaves; what is too long is read on and thrown away. */
  readBody(limitBytes: number, onBody: (body: Buffer) => void, onTooLong: () => void): void {
    if (Number(this.#request.headers["content-length"]) > limitBytes) return onTooLong();
    const chunks: Buffer[] = [];
    let bytes = 0;
    this.#request.on("data", (chunk: Buffer) => {
      if (bytes > limitBytes) return;
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= limitBytes) return;
      chunks.length = 0;
      onTooLong();
    });
    this.#request.on("end", () => {
      if (bytes > limitBytes) return;
      const [first] = chunks;
      onBody(first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks));
    });
  }

  /** Runs `task` after a while, unless the client has left by then; at once, without a timer, when the while is 0. */
  later(delayMs: number, task: () => void): void {
    if (delayMs === 0) task();
    else this.#timer = setTimeout(task, delayMs);
  }

  send(reply: Reply, headers: Readonly<Record<string, string>>): void {
    this.#isOpen = false;
    sendReply(this.#response, reply, headers);
  }
}

export function sendReply(response: ServerResponse, reply: Reply, headers: Readonly<Record<string, string>>): void {
  const { statusCode, contentType, body } = reply;
  const contentLength = Buffer.byteLength(body);
  response.writeHead(statusCode, { "content-type": contentType, "content-length": contentLength, ...headers, ...reply.headers });
  response.end(body);
}
