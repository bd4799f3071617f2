/** Remembers the values that were asked for last, and makes the others anew. */
export class RecentMap<Value> {
  readonly #maxSize: number;
  readonly #make: (key: string) => Value;
  readonly #values = new Map<string, Value>();

  constructor(maxSize: number, make: (key: string) => Value) {
    this.#maxSize = maxSize;
    this.#make = make;
  }

  get(key: string): Value {
    const value = this.#values.get(key) ?? this.#make(key);
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size > this.#maxSize) for (const oldest of this.#values.keys()) return this.#forget(oldest, value);
    return value;
  }

  #forget(key: string, value: Value): Value {
    this.#values.delete(key);
    return value;
  }
}
