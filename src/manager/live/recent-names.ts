import type { BatchRequest } from "../../model/request.ts";

/** Of the texts that are remembered: some 20,000 requests of 400 characters. */
const maxCharacters = 8 * 1024 * 1024;

/**
 * Remembers the names of requests that came lately. Who finds an answer has often sent the same text before, and a name takes a quarter of
 * what such an answer takes in all: canonical JSON, SHA-256.
 */
export class RecentNames {
  /** The latest ones, and those before them: the older half is forgotten at once. */
  #latest = new Map<string, string>();
  #before = new Map<string, string>();
  #characters = 0;

  /** @param make Called where the name is not known. Undefined for a request that has none. */
  of(request: BatchRequest, namespace: string | undefined, make: () => string | undefined): string | undefined {
    const { path, provider, headers, body } = request;
    if (headers !== undefined || provider !== undefined || body.length > maxCharacters / 100) return make();
    // A path has no line break, and a body is a whole JSON value: no two requests are one text.
    const text = `${path}\n${body}\n${namespace ?? ""}`;
    const known = this.#latest.get(text);
    if (known !== undefined) return known;
    const name = this.#before.get(text) ?? make();
    if (name !== undefined) this.#remember(text, name);
    return name;
  }

  #remember(text: string, name: string): void {
    this.#characters += text.length;
    if (this.#characters > maxCharacters / 2) {
      this.#before = this.#latest;
      this.#latest = new Map();
      this.#characters = text.length;
    }
    this.#latest.set(text, name);
  }
}
