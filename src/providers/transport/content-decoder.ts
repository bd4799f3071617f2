import type { Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from "node:zlib";
import { maxExpansion, minBombBytes } from "../body-limits.ts";
import type { ResponseHeaders } from "../protocol.ts";
import { TransportError } from "../failures/transport-error.ts";

/** Takes the bytes of a body; at last `end` or `fail`, once. */
export interface BodySink {
  write(bytes: Buffer): void;
  end(): void;
  fail(error: Error): void;
}

/** As much as a read of a socket; zlib's own 16 KiB take four times as many turns of the event loop. */
const options = { chunkSize: 64 * 1024 };

/** How much of its input it has read tells `bytesWritten`. */
type Decompression = Transform & { readonly bytesWritten: number };

const transforms: ReadonlyMap<string, (firstByte: number) => Decompression> = new Map<
  string,
  (firstByte: number) => Decompression
>([
  ["gzip", () => createGunzip(options)],
  ["x-gzip", () => createGunzip(options)],
  ["br", () => createBrotliDecompress(options)],
  // RFC 9110 means zlib's format, and some servers send the bare one, which never begins with an 8 in the low bits.
  ["deflate", (firstByte) => ((firstByte & 0x0f) === 8 ? createInflate(options) : createInflateRaw(options))],
]);

/** Encodings without a decoder. All other words, such as `UTF-8`, `none` or `identity`, encode nothing. */
const unknownEncodings: ReadonlySet<string> = new Set(["compress", "x-compress", "zstd"]);

/** One that is applied twice is a mistake already; a list of thousands is an attack. */
const maxEncodings = 3;

const none: readonly string[] = [];

/** The encodings of a body, in the order in which they were applied. */
function encodingsOf(headers: ResponseHeaders): readonly string[] {
  const content = headers["content-encoding"];
  const transfer = headers["transfer-encoding"];
  if (content === undefined && (transfer === undefined || transfer === "chunked")) return none;
  const words = [content, transfer].flat().flatMap((value = "") => value.toLowerCase().split(","));
  return words.map((word) => word.trim()).filter((word) => transforms.has(word) || unknownEncodings.has(word));
}

/** Undoes one encoding of a body, though no request asks for any. A body without a byte is not encoded. */
export class ContentDecoder implements BodySink {
  readonly #encoding: string;
  readonly #sink: BodySink;
  #transform: Decompression | undefined;
  #decodedBytes = 0;

  constructor(encoding: string, sink: BodySink) {
    this.#encoding = encoding;
    this.#sink = sink;
  }

  write(bytes: Buffer): void {
    this.#transform ??= this.#open(bytes[0] ?? 0);
    this.#transform?.write(bytes);
  }

  end(): void {
    if (this.#transform === undefined) this.#sink.end();
    else this.#transform.end();
  }

  fail(error: Error): void {
    this.#sink.fail(error);
  }

  pause(): void {
    this.#transform?.pause();
  }

  resume(): void {
    this.#transform?.resume();
  }

  destroy(): void {
    this.#transform?.destroy();
  }

  #open(firstByte: number): Decompression | undefined {
    const transform = transforms.get(this.#encoding)?.(firstByte);
    if (transform === undefined) this.#sink.fail(new TransportError("ERR_UNKNOWN_ENCODING"));
    return transform
      ?.on("data", (bytes: Buffer) => this.#take(bytes, transform.bytesWritten))
      .on("end", () => this.#sink.end())
      .on("error", (error) => this.#sink.fail(error));
  }

  #take(bytes: Buffer, readBytes: number): void {
    this.#decodedBytes += bytes.length;
    const isBomb = this.#decodedBytes > minBombBytes && this.#decodedBytes > maxExpansion * readBytes;
    if (isBomb) this.#sink.fail(new TransportError("ERR_DECODED_BODY_TOO_LONG"));
    else this.#sink.write(bytes);
  }
}

/** The decoders of a body, the one that takes what was received first; none where it is not encoded. */
export function createDecoders(headers: ResponseHeaders, sink: BodySink): readonly ContentDecoder[] {
  const decoders: ContentDecoder[] = [];
  for (const encoding of encodingsOf(headers).slice(0, maxEncodings))
    decoders.unshift(new ContentDecoder(encoding, decoders[0] ?? sink));
  return decoders;
}
