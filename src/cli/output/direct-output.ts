import { asConfigurationError, asOutputError, isReaderGone } from "../files/system-error.ts";
import { OutputBuffer } from "./output-buffer.ts";
import { type Sink, openSink } from "./sink.ts";
import type { ResolvedSink } from "../files/resolve-output.ts";
import type { Output } from "./output.ts";

/** Stdout, an inherited descriptor, a named pipe or a device: written directly, nothing is renamed. */
export class DirectOutput implements Output {
  readonly path?: string;
  readonly isFile = false;
  readerGone = false;
  readonly #name: string;
  readonly #sink: Sink;
  readonly #buffer: OutputBuffer;

  /** @param waits Whether to wait for the reader of a named pipe. @throws ConfigurationError when it cannot be opened. */
  static async open(resolved: ResolvedSink, waits = true): Promise<DirectOutput> {
    try {
      return new DirectOutput(resolved.name, await openSink(resolved, waits));
    } catch (error) {
      throw asConfigurationError(`cannot write ${resolved.name}`, error);
    }
  }

  private constructor(name: string, sink: Sink) {
    if (name !== "-") this.path = name;
    this.#name = name === "-" ? "to stdout" : name;
    this.#sink = sink;
    this.#buffer = new OutputBuffer((bytes) => this.#send(bytes));
  }

  write(...texts: readonly string[]): Promise<void> | undefined {
    return this.readerGone ? undefined : this.#buffer.write(texts);
  }

  flush(): Promise<void> {
    return this.#buffer.flush();
  }

  sync(): Promise<void> {
    return this.flush();
  }

  finish(): Promise<void> {
    return this.#buffer.end(() => this.#buffer.flush(), this.#sink.close);
  }

  abandon(): Promise<void> {
    return this.#buffer.end(() => this.#buffer.flushUnlessReported(), this.#sink.close);
  }

  discard(): Promise<void> {
    return this.abandon();
  }

  async #send(bytes: Buffer): Promise<void> {
    if (this.readerGone) return;
    try {
      await this.#sink.write(bytes);
    } catch (error) {
      this.readerGone = isReaderGone(error);
      if (!this.readerGone) throw asOutputError(`cannot write ${this.#name}`, error);
    }
  }
}
