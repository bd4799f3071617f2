import type { ServerResponse } from "node:http";
import { type ApiError, type ApiFamily, errorBody, retryHeaders, statusOf } from "../http/api-error.ts";
import { endText, failureText, keepAliveText } from "./stream-format.ts";

/** One that takes nothing any more does not learn why its stream is cut. */
const cutMs = 1_000;

/** The response to one client: a page, JSON, an error, or a stream. It begins once and ends once. */
export class LiveResponse {
  readonly #response: ServerResponse;
  readonly #path: string;
  readonly #family: ApiFamily;
  readonly #stalledMs: number;
  readonly #requestId: string;
  /** Events that go out together, at the end of this turn: what one read brings is one write. */
  #pending = "";
  /** What the next event waits for, while the client is slow. */
  #draining: Promise<void> | undefined;
  /** The head of a stream has gone out: what goes wrong from now on is said in an event. */
  isStream = false;

  /** @param path Of an API; else empty. @param stalledMs A reader that takes nothing for so long is given up. */
  constructor(response: ServerResponse, path: string, family: ApiFamily, requestId: string, stalledMs: number) {
    this.#response = response;
    this.#path = path;
    this.#family = family;
    this.#requestId = requestId;
    this.#stalledMs = stalledMs;
  }

  openStream(headers: Readonly<Record<string, string>>): void {
    if (this.isStream) return;
    this.isStream = true;
    const head = this.#head("no-cache, no-transform", "text/event-stream; charset=utf-8", headers);
    head.push("x-accel-buffering", "no");
    this.#response.writeHead(200, head).flushHeaders();
  }

  /** @returns what the next text waits for: the client is slow. */
  write(text: string): Promise<void> | undefined {
    if (this.#response.destroyed) return undefined;
    if (this.#pending === "") process.nextTick(this.#flush);
    this.#pending += text;
    return (this.#draining ??= this.#isFull ? this.#drained() : undefined);
  }

  keepAlive(): void {
    if (this.isStream) this.write(keepAliveText(this.#path));
  }

  endStream(text: string = endText(this.#path)): void {
    this.#end(this.#taken() + text);
  }

  /** @param type Of the text. @returns the status. */
  send(status: number, text: string, headers: Readonly<Record<string, string>> = {}, type = "application/json"): number {
    if (this.#response.destroyed) return status;
    const head = this.#head("no-store", type, headers);
    head.push("content-length", String(Buffer.byteLength(text)));
    this.#response.writeHead(status, head);
    this.#end(text);
    return status;
  }

  /** Without a body. */
  sendNothing(headers: Readonly<Record<string, string>>): number {
    this.#response.writeHead(204, this.#head("no-store", undefined, headers)).end();
    return 204;
  }

  /** Within a stream an event says it, and the connection is destroyed: a clean end would be taken for a whole answer. */
  fail(error: ApiError, headers: Readonly<Record<string, string>> = {}): number {
    const status = statusOf(error, this.#family);
    if (this.isStream) {
      const destroy = (): void => void this.#response.destroy();
      this.#response.write(this.#taken() + failureText(this.#path, error, this.#requestId), destroy);
      setTimeout(destroy, cutMs).unref();
      return status;
    }
    const closing = error.closes === true ? { connection: "close" } : {};
    const own = { ...headers, ...retryHeaders(error), ...error.headers, ...closing };
    return this.send(status, errorBody(error, this.#family, this.#requestId), own);
  }

  readonly #flush = (): void => {
    const text = this.#taken();
    if (text !== "" && !this.#response.destroyed) this.#response.write(text);
  };

  #taken(): string {
    const text = this.#pending;
    this.#pending = "";
    return text;
  }

  get #isFull(): boolean {
    const { writableLength, writableHighWaterMark, writableNeedDrain } = this.#response;
    return writableNeedDrain || writableLength + this.#pending.length >= writableHighWaterMark;
  }

  #end(text: string): void {
    this.#response.end(text);
    // Node destroys a connection that moves nothing for so long, and sets a time of its own when all has gone out.
    if (this.#response.writableLength > 0) this.#response.setTimeout(this.#stalledMs);
  }

  /** Names and values in turn: an object that is made of several took 10 µs more. */
  #head(cacheControl: string, type: string | undefined, headers: Readonly<Record<string, string>>): string[] {
    const head = ["cache-control", cacheControl, "x-request-id", this.#requestId, "request-id", this.#requestId];
    for (const name in headers) head.push(name, headers[name] ?? "");
    if (type !== undefined) head.push("content-type", type);
    return head;
  }

  /** Flushed first: what does not wait for the client then needs no listeners. */
  #drained(): Promise<void> | undefined {
    this.#flush();
    const response = this.#response;
    if (!response.writableNeedDrain) return undefined;
    return new Promise((resolve) => {
      const stalled = setTimeout(() => response.destroy(), this.#stalledMs);
      const end = (): void => {
        clearTimeout(stalled);
        response.off("drain", end).off("close", end);
        this.#draining = undefined;
        resolve();
      };
      response.on("drain", end).on("close", end);
    });
  }
}
