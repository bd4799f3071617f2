import type { ServerResponse } from "node:http";
import { once } from "node:events";
import { type ApiError, type ApiFamily, errorBody, retryHeaders, statusOf } from "../http/api-error.ts";
import { endText, failureText, keepAliveText } from "./stream-format.ts";

/** One that takes nothing any more does not learn why its stream is cut. */
const cutMs = 1_000;

/** The response to one client: JSON, an error, or a stream. It begins once and ends once. */
export class LiveResponse {
  readonly #response: ServerResponse;
  readonly #path: string;
  readonly #family: ApiFamily;
  readonly #requestId: string;
  readonly #stalledMs: number;
  #isStream = false;
  /** One for all events that one read brings. */
  #draining: Promise<void> | undefined;

  /** @param stalledMs A reader that takes nothing for so long is given up. */
  constructor(response: ServerResponse, path: string, family: ApiFamily, requestId: string, stalledMs: number) {
    this.#response = response;
    this.#path = path;
    this.#family = family;
    this.#requestId = requestId;
    this.#stalledMs = stalledMs;
  }

  /** The head has gone out: what goes wrong from now on is said in an event. */
  get isStream(): boolean {
    return this.#isStream;
  }

  openStream(headers: Readonly<Record<string, string>>): void {
    if (this.#isStream) return;
    this.#isStream = true;
    this.#response.writeHead(200, {
      ...this.#headers("no-cache, no-transform"),
      ...headers,
      "content-type": "text/event-stream; charset=utf-8",
      "x-accel-buffering": "no",
    });
    this.#response.flushHeaders();
  }

  /** @returns what the next text waits for: the client is slow. */
  write(text: string): Promise<void> | undefined {
    if (this.#response.destroyed || this.#response.write(text)) return undefined;
    return (this.#draining ??= this.#drained().finally(() => (this.#draining = undefined)));
  }

  keepAlive(): void {
    if (this.#isStream) this.#response.write(keepAliveText(this.#path));
  }

  endStream(text: string = endText(this.#path)): void {
    this.#end(text);
  }

  json(status: number, body: string, headers: Readonly<Record<string, string>>): void {
    this.#send(status, body, { ...headers });
  }

  /** Within a stream an event says it, and the connection is destroyed: a clean end would be taken for a whole answer. */
  fail(error: ApiError, headers: Readonly<Record<string, string>> = {}): number {
    const status = statusOf(error, this.#family);
    if (this.#isStream) {
      const destroy = (): void => void this.#response.destroy();
      this.#response.write(failureText(this.#path, error, this.#requestId), destroy);
      setTimeout(destroy, cutMs).unref();
      return status;
    }
    const closing = error.closes === true ? { connection: "close" } : {};
    this.#send(status, errorBody(error, this.#family, this.#requestId), {
      ...headers,
      ...retryHeaders(error),
      ...error.headers,
      ...closing,
    });
    return status;
  }

  #send(status: number, body: string, headers: Readonly<Record<string, string>>): void {
    if (this.#response.destroyed) return;
    const length = Buffer.byteLength(body);
    this.#response.writeHead(status, {
      ...this.#headers("no-store"),
      ...headers,
      "content-type": "application/json",
      "content-length": length,
    });
    this.#end(body);
  }

  #end(text: string): void {
    this.#response.end(text);
    // Node destroys a connection that moves nothing for so long, and sets a time of its own when all has gone out.
    if (this.#response.writableLength > 0) this.#response.setTimeout(this.#stalledMs);
  }

  #headers(cacheControl: string): Record<string, string> {
    return { "cache-control": cacheControl, "x-request-id": this.#requestId, "request-id": this.#requestId };
  }

  async #drained(): Promise<void> {
    const over = new AbortController();
    const stalled = setTimeout(() => this.#response.destroy(), this.#stalledMs);
    try {
      await Promise.race([once(this.#response, "drain", over), once(this.#response, "close", over)]);
    } finally {
      clearTimeout(stalled);
      over.abort();
    }
  }
}
