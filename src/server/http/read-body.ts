import { isAscii, isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { finished, type Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, type Zlib } from "node:zlib";
import { maxExpansion, minBombBytes } from "../../providers/providers.ts";
import type { ApiError } from "./api-error.ts";

/** Of one body, decoded. */
const maxBodyBytes = 64 * 1024 * 1024;
/** Of all bodies that are held. */
const maxBytesTogether = 256 * 1024 * 1024;
/** A client that is told that its body is too long has so long to read it; cut at once, it would see a broken pipe. */
const discardMs = 1_000;

type Decoder = Transform & Zlib;

const decoders: ReadonlyMap<string, () => Decoder> = new Map<string, () => Decoder>([
  ["gzip", () => createGunzip()],
  ["x-gzip", () => createGunzip()],
  ["deflate", () => createInflate()],
  ["br", () => createBrotliDecompress()],
]);

/** Of a chunk that comes: smaller ones are put together, because each takes more room than its bytes. */
const smallBytes = 1024;
const smallTogether = 1024;

/** Bodies of one server that are being read, or whose requests have not ended. */
export class Bodies {
  /** Of all of them. */
  bytes = 0;

  open(request: IncomingMessage): Body {
    return new Body(request, this);
  }
}

/** The body of one request. */
class Body {
  readonly #request: IncomingMessage;
  readonly #all: Bodies;
  #bytes = 0;

  constructor(request: IncomingMessage, all: Bodies) {
    this.#request = request;
    this.#all = all;
  }

  /** @returns its text; or why it is not taken. Does not reject: a client that leaves ends it with an error. */
  read(): Promise<string | ApiError> {
    const { headers } = this.#request;
    const encoding = (headers["content-encoding"] ?? "identity").trim().toLowerCase();
    const decoder = encoding === "identity" ? undefined : decoders.get(encoding)?.();
    if (encoding !== "identity" && decoder === undefined) return Promise.resolve(this.#refuse(unknownEncoding(encoding)));
    if (Number(headers["content-length"]) > maxBodyBytes) return Promise.resolve(this.#refuse(tooLong));
    const stream = decoder === undefined ? this.#request : decoded(this.#request, decoder);
    const chunks = new Chunks();
    return new Promise((resolve) => {
      const take = (chunk: Buffer): void => {
        this.#bytes += chunk.length;
        this.#all.bytes += chunk.length;
        chunks.add(chunk);
        const refusal =
          this.#bytes > maxBodyBytes ? tooLong : this.#all.bytes > maxBytesTogether ? tooBusy : bombIn(decoder, this.#bytes);
        if (refusal === undefined) return;
        // The request itself is discarded while the client reads the refusal, and what came of it at once.
        stream.off("data", take);
        chunks.drop();
        decoder?.destroy();
        resolve(this.#refuse(refusal));
      };
      stream.on("data", take);
      // To resolve what is resolved takes 3 µs, and `close` comes of each.
      const breakOff = (): void => {
        if (!stream.readableEnded) resolve(broken);
      };
      stream.on("end", () => resolve(chunks.text() ?? notText));
      stream.on("error", breakOff).on("close", breakOff);
    });
  }

  /** Its request has ended: its text is held no longer. */
  close(): void {
    this.#all.bytes -= this.#bytes;
    this.#bytes = 0;
  }

  #refuse(error: ApiError): ApiError {
    this.#request.unpipe();
    this.#request.resume();
    setTimeout(() => this.#request.destroy(), discardMs).unref();
    return error;
  }
}

function bombIn(decoder: Decoder | undefined, bytes: number): ApiError | undefined {
  return decoder !== undefined && bytes > minBombBytes && bytes > maxExpansion * decoder.bytesWritten ? tooPacked : undefined;
}

/** `pipe` by itself does not tell the decoder that the client left. */
function decoded(request: IncomingMessage, decoder: Transform): Transform {
  finished(request, (error) => void (error && decoder.destroy(error)));
  return request.pipe(decoder);
}

const noBytes = Buffer.alloc(0);
/** Takes a byte order mark away. */
const utf8 = new TextDecoder();

/** What has come of a body. */
class Chunks {
  readonly #large: Buffer[] = [];
  #small: Buffer[] = [];

  add(chunk: Buffer): void {
    if (chunk.length < smallBytes) {
      this.#small.push(chunk);
      if (this.#small.length < smallTogether) return;
      this.#join();
    } else {
      this.#join();
      this.#large.push(chunk);
    }
  }

  drop(): void {
    this.#large.length = 0;
    this.#small = [];
  }

  /** Lets go of its bytes, or a body that waits would be held twice. @returns undefined where it is no UTF-8. */
  text(): string | undefined {
    this.#join();
    const chunks = this.#large.splice(0);
    const [first = noBytes] = chunks;
    const bytes = chunks.length > 1 ? Buffer.concat(chunks) : first;
    if (isAscii(bytes)) return bytes.toString("latin1");
    return isUtf8(bytes) ? utf8.decode(bytes) : undefined;
  }

  #join(): void {
    const [first] = this.#small;
    if (first !== undefined) this.#large.push(this.#small.length > 1 ? Buffer.concat(this.#small) : first);
    this.#small = [];
  }
}

const refusal = { type: "invalid_request_error", closes: true, isWorthRetrying: false } as const;
const tooLong: ApiError = { ...refusal, status: 413, code: "request_too_large", message: "The body is longer than 64 MiB" };
const tooPacked: ApiError = {
  ...refusal,
  status: 413,
  code: "request_too_large",
  message: "The body unpacks to more than a hundred times its size: send it as it is",
};
const tooBusy: ApiError = {
  ...refusal,
  type: "api_error",
  status: 503,
  code: "overloaded",
  message: "256 MiB of requests are held already",
  retryAfterMs: 1000,
  isWorthRetrying: true,
};
const notText: ApiError = { ...refusal, status: 400, code: "invalid_json", message: "The body is no UTF-8" };
const broken: ApiError = {
  ...refusal,
  status: 400,
  code: "invalid_body",
  message: "The body broke off, or is not what its encoding says",
};

function unknownEncoding(encoding: string): ApiError {
  const message = `Bodies in the encoding ${JSON.stringify(encoding)} are not taken; there are: ${[...decoders.keys()].join(", ")}`;
  return { ...refusal, status: 415, code: "unsupported_content_encoding", message };
}
