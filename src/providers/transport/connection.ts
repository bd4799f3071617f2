import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { Client, type Dispatcher } from "undici";
import type { Connector } from "./connector.ts";

/** A server says how long it keeps an idle connection; it is left alone this much earlier. Without a word undici's default holds, 4 s. */
const keepAliveMarginMs = 1_000;

const continueLine = "HTTP/1.1 100";
const continueDigits = [0x31, 0x30, 0x30];
const headEnd = "\r\n\r\n";
const maxContinueBytes = 16 * 1024;

/** One connection to a server, opened when it is needed and again when it was lost. It carries one request at a time. */
export class Connection {
  readonly #client: Client;
  #awaitsHead = false;
  #heldBytes: Buffer | undefined;
  /** It has carried a response, so that the server may close it at any moment. False again once it is lost. */
  isUsed = false;
  /** Bytes of the response to the last request that it began to send have come. */
  hasResponded = false;

  constructor(origin: string, connect: Connector) {
    this.#client = new Client(origin, {
      connect: (options, callback) =>
        connect(options, (...outcome) => {
          if (outcome[0] === null) this.#filter(outcome[1]);
          callback(...outcome);
        }),
      pipelining: 1,
      headersTimeout: 0, // an answer may take as long as the attempt
      bodyTimeout: 0,
      keepAliveTimeoutThreshold: keepAliveMarginMs,
    });
    this.#client.on("disconnect", () => (this.isUsed = false));
  }

  /** The request waits where the connection is not ready; nothing is sent twice. */
  dispatch(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#client.dispatch(request, handler);
  }

  /** A request is about to be sent. */
  begin(): void {
    this.#awaitsHead = true;
    this.hasResponded = false;
  }

  /** What it carries, or is to carry, fails with `error`. */
  destroy(error: Error): Promise<void> {
    return this.#client.destroy(error);
  }

  /** Keeps `100 Continue` from undici, which gives up the connection: a client has to pass over those that come unasked (RFC 9110, 15.2). */
  #filter(socket: Socket): void {
    const read = socket.read.bind(socket);
    this.#heldBytes = undefined;
    socket.read = (size?: number): unknown => {
      const bytes: unknown = read(size);
      return this.#awaitsHead && Buffer.isBuffer(bytes) ? this.#withoutContinue(bytes) : bytes;
    };
  }

  #withoutContinue(received: Buffer): Buffer | null {
    this.hasResponded = true;
    let bytes = this.#heldBytes === undefined ? received : Buffer.concat([this.#heldBytes, received]);
    this.#heldBytes = undefined;
    while (mayBeContinue(bytes)) {
      const end = bytes.length < continueLine.length ? -1 : bytes.indexOf(headEnd);
      if (end === -1 && bytes.length <= maxContinueBytes) {
        if (bytes.length > 0) this.#heldBytes = bytes;
        return null;
      }
      if (end === -1) break;
      bytes = bytes.subarray(end + headEnd.length);
    }
    this.#awaitsHead = false;
    return bytes;
  }
}

/** Nearly every response differs in the first digit of its status, which is looked at first. */
function mayBeContinue(bytes: Buffer): boolean {
  const statusAt = continueLine.length - continueDigits.length;
  if (bytes.length >= continueLine.length && continueDigits.some((digit, index) => bytes[statusAt + index] !== digit))
    return false;
  return continueLine.startsWith(bytes.toString("latin1", 0, continueLine.length));
}
