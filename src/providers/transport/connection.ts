import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { Client, Dispatcher } from "undici";
import type { Connector } from "./connector.ts";
import { loadUndici } from "./load-undici.ts";

/** A server says how long it keeps an idle connection; it is left alone this much earlier. Without a word undici's default holds, 4 s. */
const keepAliveMarginMs = 1_000;

const interimStart = "HTTP/1.1 1";
const statusAt = interimStart.length - 1;
const statusLength = 3;
const one = 0x31;
const switchingProtocols = "101";
const headEnd = "\r\n\r\n";
const maxInterimBytes = 16 * 1024;

/** One connection to a server, opened when it is needed and again when it was lost. It carries one request at a time. */
export class Connection {
  readonly #client: Client;
  #awaitsHead = false;
  #heldBytes: Buffer | undefined;
  /** It has carried a response, so that the server may close it at any moment. False again once it is lost. */
  isUsed = false;
  /** It was still open some time after its first response. */
  isProven = false;
  /** Bytes of the response to the last request that it began to send have come. */
  hasResponded = false;

  constructor(origin: string, connect: Connector) {
    const { Client } = loadUndici();
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
    this.#client.on("disconnect", () => {
      this.isUsed = false;
      this.isProven = false;
    });
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

  /** Keeps interim responses from undici, which gives up the connection at `100 Continue`: they may come unasked (RFC 9110, 15.2). */
  #filter(socket: Socket): void {
    const read = socket.read.bind(socket);
    this.#heldBytes = undefined;
    socket.read = (size?: number): unknown => {
      const bytes: unknown = read(size);
      return this.#awaitsHead && Buffer.isBuffer(bytes) ? this.#withoutInterim(bytes) : bytes;
    };
  }

  #withoutInterim(received: Buffer): Buffer | null {
    this.hasResponded = true;
    let bytes = this.#heldBytes === undefined ? received : Buffer.concat([this.#heldBytes, received]);
    this.#heldBytes = undefined;
    while (mayBeInterim(bytes)) {
      const end = bytes.indexOf(headEnd);
      if (end === -1 && bytes.length > maxInterimBytes) break;
      if (end === -1) {
        this.#heldBytes = bytes;
        return null;
      }
      bytes = bytes.subarray(end + headEnd.length);
    }
    this.#awaitsHead = false;
    return bytes;
  }
}

/** Nearly every response differs in the first digit of its status, which is looked at first. Nothing may be the beginning of anything. */
function mayBeInterim(bytes: Buffer): boolean {
  if (bytes.length > statusAt && bytes[statusAt] !== one) return false;
  const text = bytes.toString("latin1", 0, statusAt + statusLength);
  return interimStart.startsWith(text.slice(0, interimStart.length)) && text.slice(statusAt) !== switchingProtocols;
}
