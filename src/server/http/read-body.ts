import type { IncomingMessage } from "node:http";
import type { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import type { ApiError } from "./api-error.ts";

/** Of one body, decoded. */
export const maxBodyBytes: number = 64 * 1024 * 1024;
/** Of all bodies that are being read. */
const maxBytesTogether = 256 * 1024 * 1024;
/** A client that is told that its body is too long has so long to read it; cut at once, it would see a broken pipe. */
const discardMs = 1_000;

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(),
  "x-gzip": () => createGunzip(),
  deflate: () => createInflate(),
  br: () => createBrotliDecompress(),
};

/** Bodies of one server, as they are read. */
export class BodyReader {
  #bytes = 0;

  /** @returns its text; or why it is not taken. Does not reject: a client that leaves ends it with an error. */
  async read(request: IncomingMessage): Promise<string | ApiError> {
    const encoding = (request.headers["content-encoding"] ?? "identity").trim().toLowerCase();
    const decoder = encoding === "identity" ? undefined : decoders[encoding];
    if (encoding !== "identity" && decoder === undefined) return this.#refuse(request, unknownEncoding(encoding));
    if (Number(request.headers["content-length"]) > maxBodyBytes) return this.#refuse(request, tooLong);
    const stream = decoder === undefined ? request : request.pipe(decoder());
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of stream) {
        if (!(chunk instanceof Buffer)) continue;
        bytes += chunk.length;
        this.#bytes += chunk.length;
        if (bytes > maxBodyBytes) return this.#refuse(request, tooLong);
        if (this.#bytes > maxBytesTogether) return this.#refuse(request, tooBusy);
        chunks.push(chunk);
      }
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(Buffer.concat(chunks));
    } catch (error) {
      return error instanceof TypeError ? notText : broken;
    } finally {
      this.#bytes -= bytes;
    }
  }

  #refuse(request: IncomingMessage, error: ApiError): ApiError {
    request.unpipe();
    request.resume();
    setTimeout(() => request.destroy(), discardMs).unref();
    return error;
  }
}

const refusal = { type: "invalid_request_error", closes: true } as const;
const tooLong: ApiError = { ...refusal, status: 413, code: "request_too_large", message: "The body is longer than 64 MiB" };
const tooBusy: ApiError = {
  ...refusal,
  type: "api_error",
  status: 503,
  code: "overloaded",
  message: "256 MiB of requests are being read already",
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
  const message = `Bodies in the encoding ${JSON.stringify(encoding)} are not taken; there are: ${Object.keys(decoders).join(", ")}`;
  return { ...refusal, status: 415, code: "unsupported_content_encoding", message };
}
