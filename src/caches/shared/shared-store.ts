import { setTimeout as sleep } from "node:timers/promises";
import type { ModelResponse } from "../../model/attempt.ts";
import { CacheError } from "../../model/errors.ts";
import type { CacheStore, StoredAnswer } from "../cache-store.ts";
import { Grouped } from "../grouped.ts";
import type { CacheProvider } from "../keyv.ts";
import { OneTry } from "./one-try.ts";
import { Patience, type PatienceOptions, type Persistence } from "./patience.ts";

export interface SharedStoreOptions extends PatienceOptions {
  /** Whether who asks cannot wait for a server that is away: calls fail after one try, see `OneTry`. @default false */
  readonly isLive?: boolean;
  /** Of one group of answers, in characters. @default 1 MiB */
  readonly maxGroupCharacters?: number;
}

interface Entry {
  readonly key: string;
  readonly response: ModelResponse;
}

const maxGroupEntries = 512;
const closeTimeoutMs = 2_000;

/**
 * Answers on a server that machines share. What is asked for or set while a group is in flight goes in the next one: so a time limit costs one timer
 * a group. Of a server that goes away each waits until it is back; see `Persistence`.
 */
export class SharedStore implements CacheStore {
  readonly #inner: CacheProvider;
  readonly #destroy: () => void;
  readonly #shown: string;
  readonly #reading: Persistence;
  readonly #writing: Persistence;
  readonly #maxGroupCharacters: number;
  readonly #reads: Grouped<string, ModelResponse | undefined>;
  readonly #writes: Grouped<Entry, undefined>;
  /** Calls of `getMany` and `getStored`. */
  readonly #inFlight = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  /** @param destroy Ends the connection of a server that does not answer. */
  constructor(inner: CacheProvider, destroy: () => void, options: SharedStoreOptions) {
    this.#inner = inner;
    this.#destroy = destroy;
    this.#shown = options.shown;
    this.#reading = options.isLive ? new OneTry(options) : new Patience(options);
    this.#writing = options.isLive ? new OneTry(options) : this.#reading;
    this.#maxGroupCharacters = options.maxGroupCharacters ?? 1024 * 1024;
    this.#reads = new Grouped((keys) => this.#read(keys), maxGroupEntries);
    this.#writes = new Grouped((entries) => this.#write(entries), maxGroupEntries);
  }

  async get(key: string): Promise<ModelResponse | undefined> {
    this.#assertOpen();
    return this.#reads.add(key);
  }

  async getStored(key: string): Promise<StoredAnswer | undefined> {
    this.#assertOpen();
    return this.#untilDone(this.#reading.persist(() => this.#inner.getStored(key)));
  }

  async getMany(keys: readonly string[]): Promise<readonly (ModelResponse | undefined)[]> {
    this.#assertOpen();
    return this.#untilDone(this.#read(keys));
  }

  async set(key: string, response: ModelResponse): Promise<void> {
    this.#assertOpen();
    await this.#writes.add({ key, response });
  }

  /** Deletes all answers. @throws CacheError as `set` does; after a failure some may be left. */
  async clear(): Promise<void> {
    this.#assertOpen();
    await this.#inner.clear();
  }

  /** Writes an answer, reads it back and deletes it. @throws CacheError when that fails. */
  async probe(key: string): Promise<void> {
    const usage = { promptTokens: 0, completionTokens: 0, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
    await this.#inner.set(key, { statusCode: 200, requestId: "", body: "{}", usage });
    if (!(await this.#inner.delete(key))) throw new CacheError("what is written to it does not come back");
  }

  close(): Promise<void> {
    this.#closing ??= this.#finish();
    return this.#closing;
  }

  async #read(keys: readonly string[]): Promise<readonly (ModelResponse | undefined)[]> {
    return this.#reading.persist(async () => (await this.#inner.getMany?.(keys)) ?? [await this.#inner.get(keys[0] ?? "")]);
  }

  async #write(entries: readonly Entry[]): Promise<undefined[]> {
    const group = this.#firstFitting(entries);
    await this.#writing.persist(() => Promise.all(group.map(({ key, response }) => this.#inner.set(key, response))));
    return group.map(() => undefined);
  }

  async #untilDone<Value>(call: Promise<Value>): Promise<Value> {
    this.#inFlight.add(call);
    try {
      return await call;
    } finally {
      this.#inFlight.delete(call);
    }
  }

  /** At least one. */
  #firstFitting(entries: readonly Entry[]): readonly Entry[] {
    let characters = 0;
    const end = entries.findIndex(({ response }) => (characters += response.body.length) > this.#maxGroupCharacters);
    return end === -1 ? entries : entries.slice(0, Math.max(1, end));
  }

  async #finish(): Promise<void> {
    await this.#reads.idle();
    await this.#writes.idle();
    await Promise.allSettled(this.#inFlight);
    const isClosed =
      this.#reading.isBroken || this.#writing.isBroken
        ? false
        : await Promise.race([this.#closeInner(), sleep(closeTimeoutMs, false, { ref: false })]);
    if (!isClosed) this.#destroy();
  }

  async #closeInner(): Promise<boolean> {
    return this.#inner.close().then(
      () => true,
      () => false, // all that was set is stored
    );
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new CacheError(`The cache ${this.#shown} is closed.`);
  }
}
