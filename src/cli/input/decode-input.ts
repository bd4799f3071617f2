import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { ConfigurationError } from "../../model/errors.ts";
import { maxHeadBytes, recogniseFile, type WrongKind } from "./file-kind.ts";
import { InputError } from "./input-error.ts";
import type { Input } from "./input.ts";

/**
 * The bytes of an input as JSON Lines: gzip is unpacked, whatever the file's name.
 *
 * @param isFirst Of the run's inputs: nothing was sent yet.
 * @returns chunks that are valid until the next one is requested.
 * @throws ConfigurationError when it is another kind of file, which says how to convert it. What the input throws.
 */
export async function* decodeInput(input: Input, isFirst: boolean): AsyncGenerator<Uint8Array> {
  yield* decode(input, input.name, isFirst, undefined);
}

/** @param unpacking The command that unpacks what has been unpacked already. */
async function* decode(
  source: AsyncIterable<Uint8Array>,
  name: string,
  isFirst: boolean,
  unpacking: string | undefined,
): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  try {
    let head = Buffer.alloc(0);
    let isWhole = false;
    let kind = recogniseFile(head, isWhole);
    while (kind === "more") {
      const { value, done } = await chunks.next();
      isWhole = done === true;
      if (value !== undefined) head = Buffer.concat([head, value]);
      kind = recogniseFile(head, isWhole);
    }
    const whole = continued(head, chunks);
    if (kind === "gzip" && unpacking === undefined) yield* decode(gunzip(whole, name), name, isFirst, "gzip -dc");
    else if (kind === "lines") yield* whole;
    else {
      const wrong = kind === "gzip" ? { what: "packed by gzip twice", command: "gzip -dc" } : kind;
      throw wrongKind(name, isFirst, wrong, unpacking);
    }
  } finally {
    // Not awaited: unpacking reads ahead, and what a pipe is asked for may never come.
    void chunks.return?.().catch(() => undefined);
  }
}

async function* continued(head: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (;;) {
    const { value, done } = await rest.next();
    if (done) return;
    yield value;
  }
}

async function* gunzip(packed: AsyncGenerator<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const unzip = createGunzip({ chunkSize: maxHeadBytes });
  // Its error comes out of `unzip`, too.
  void pipeline(copies(packed), unzip).catch(() => undefined);
  try {
    for await (const chunk of unzip) yield chunk;
  } catch (error) {
    throw error instanceof InputError || error instanceof ConfigurationError ? error : new InputError(name, error);
  }
}

/** zlib reads a chunk while the next one is requested. */
async function* copies(chunks: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}

function wrongKind(
  name: string,
  isFirst: boolean,
  { what, command }: WrongKind,
  unpacking: string | undefined,
): ConfigurationError {
  const [first, ...others] = [unpacking, command].filter((step) => step !== undefined);
  const steps = [name === "stdin" ? `… | ${first}` : `${first} < ${shellWord(name)}`, ...others, "llmbatch run -"];
  const remedy = command === undefined ? "" : ` This makes lines of it:\n  ${steps.join(" | ")}`;
  const sent = isFirst ? "nothing was sent" : "nothing of it was sent";
  return new ConfigurationError(`${name} is ${what}, not JSON Lines with one request on each line; ${sent}.${remedy}`);
}

function shellWord(text: string): string {
  return /^[\w./+:@%=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
