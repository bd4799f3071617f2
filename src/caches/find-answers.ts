import type { ModelResponse } from "../model/attempt.ts";
import type { CacheStore } from "./cache-store.ts";

/** The answers of keys, in their order, read as many at once as the store can. @throws CacheError as `get` does. */
export async function* findAnswers(store: CacheStore, keys: readonly string[]): AsyncGenerator<ModelResponse | undefined> {
  for (let read = 0; read < keys.length;) {
    const answers = (await store.getMany?.(keys.slice(read))) ?? [await store.get(keys[read] ?? "")];
    read += answers.length;
    yield* answers;
  }
}
