import type { Socket } from "node:net";
import { afterEach } from "vitest";
import {
  type Carrier,
  connectTo,
  type Exchange,
  type Headers,
  HttpClient,
  parseOrigin,
  requestHead,
} from "../../src/http/http-client.ts";
import { closing } from "../support/closing.ts";
import { type RawServer, startRawServer } from "../support/raw-server.ts";

export interface Outcome {
  readonly statusCode: number;
  readonly headers: Headers;
  readonly body: Buffer;
  readonly error: unknown;
}

/** Each exchange must end once. */
const endedAgain: unknown[] = [];
afterEach(() => {
  if (endedAgain.length > 0) throw new Error(`an exchange ended more than once: ${endedAgain.join(", ")}`);
});

export class RecordingExchange implements Exchange {
  isOver = false;
  carrier: Carrier | undefined;
  readonly outcome: Promise<Outcome>;
  #statusCode = 0;
  #headers: Headers = {};
  readonly #chunks: Buffer[] = [];
  #resolve!: (outcome: Outcome) => void;
  #isEnded = false;

  constructor() {
    this.outcome = new Promise((resolve) => (this.#resolve = resolve));
  }

  onStart(carrier: Carrier): void {
    this.carrier = carrier;
  }

  onHead(statusCode: number, headers: Headers): void {
    this.#statusCode = statusCode;
    this.#headers = headers;
  }

  onData(bytes: Buffer): void {
    this.#chunks.push(Buffer.from(bytes));
  }

  onEnd(): void {
    this.#end(undefined);
  }

  onError(error: Error): void {
    this.#end("code" in error ? error.code : error.message);
  }

  #end(error: unknown): void {
    if (this.#isEnded) endedAgain.push(error);
    this.#isEnded = true;
    this.#resolve({ statusCode: this.#statusCode, headers: this.#headers, body: Buffer.concat(this.#chunks), error });
  }
}

export const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/** A server that answers each request of a connection with what `reply` gives for it; nothing for undefined. */
export async function serve(
  reply: (index: number, socket: Socket, connection: number) => string | Buffer | undefined,
): Promise<RawServer> {
  let index = 0;
  const server = await startRawServer((socket, connection) => {
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      for (let end = text.indexOf("<end>"); end !== -1; end = text.indexOf("<end>")) {
        text = text.slice(end + 5);
        const answer = reply(index, socket, connection);
        index += 1;
        if (answer !== undefined) socket.write(answer);
      }
    });
  });
  return closing(server);
}

export function clientOf(url: string, connections?: number): HttpClient {
  return closing(new HttpClient({ connect: connectTo(parseOrigin(url)), connections, maxBodyBytes: 1_000_000 }));
}

export function send(client: HttpClient, text = ""): RecordingExchange {
  const exchange = new RecordingExchange();
  client.send(requestHead("h", "/", []), `${text}<end>`, exchange);
  return exchange;
}
