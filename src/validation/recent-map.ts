interface Entry<Value> {
  readonly key: string;
  readonly value: Value;
}

/** Remembers the values that were asked for last, and makes the others anew. */
export class RecentMap<Value> {
  readonly #maxSize: number;
  readonly #make: (key: string) => Value;
  readonly #entries = new Map<string, Entry<Value>>();

  constructor(maxSize: number, make: (key: string) => Value) {
    this.#maxSize = maxSize;
    this.#make = make;
  }

  get(key: string): Value {
    const entry = this.#entries.get(key) ?? this.#makeEntry(key);
    this.#entries.delete(entry.key);
    this.#entries.set(entry.key, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#maxSize && oldest !== undefined) this.#entries.delete(oldest);
    return entry.value;
  }

  #makeEntry(key: string): Entry<Value> {
    const own = copied(key);
    return { key: own, value: this.#make(own) };
  }
}

/** Cut out of a body, a text holds on to all of it: a hundred bodies with pictures are 500 MB. */
function copied(text: string): string {
  return Buffer.from(text, "utf16le").toString("utf16le");
}
