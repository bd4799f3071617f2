import type { Readable } from "node:stream";
import { noticeWaiting } from "../terminal/notice-waiting.ts";
import { InputError } from "./input-error.ts";
import type { Input } from "./input.ts";

export class StreamInput implements Input {
  readonly name: string;
  readonly rereadable = false;
  readonly #stream: Readable;
  #begun = false;

  constructor(name: string, stream: Readable) {
    this.name = name;
    this.#stream = stream;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    if (this.#begun) throw new Error(`${this.name} can be read only once`);
    this.#begun = true;
    try {
      yield* noticeWaiting(this.#stream, `waiting for requests on ${this.name}`);
    } catch (error) {
      throw new InputError(this.name, error);
    }
  }

  async version(): Promise<undefined> {}

  async close(): Promise<void> {
    this.#stream.destroy();
  }
}
