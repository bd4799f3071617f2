import { DigestCounts } from "../model/counting/digest-counts.ts";
import { fingerprint, fingerprintOfOccurrence } from "../model/fingerprint.ts";
import type { BatchInput, BatchRequest } from "../model/request.ts";
import type { Provider } from "../providers/providers.ts";

/** What a request is called, the same in every run. */
export interface RequestName {
  /** Of its result: `batch_req_…`. */
  readonly id: string;
  /** Of its answer in the cache. Identical requests have one in common only where they share an answer (`dedupe`). */
  readonly key: string;
  /** How many identical requests come before it. */
  readonly occurrence: number;
}

/** Gives the requests of one run their names. The n-th identical request must be the n-th in every run: name them in the order of the input. */
export class RequestNames {
  readonly #provider: Pick<Provider, "endpoint">;
  readonly #areShared: boolean;
  readonly #prefix: string;
  /** Made when they are needed: one request by itself needs none, and they take 30 KB. */
  #occurrences: DigestCounts | undefined;

  /** @param areShared Identical requests have one answer in common (`dedupe`). @param prefix Of ids. */
  constructor(provider: Pick<Provider, "endpoint">, areShared: boolean, prefix: string = idPrefix) {
    this.#provider = provider;
    this.#areShared = areShared;
    this.#prefix = prefix;
  }

  /** For requests that are named before their provider is known: by their path alone, so their ids lead to no key. */
  static ofAnyProvider(): RequestNames {
    return new RequestNames({ endpoint: () => undefined }, false, idPrefixOfAnyProvider);
  }

  name(request: BatchRequest): RequestName {
    const { id, occurrence } = request;
    if (id === undefined || occurrence === undefined) return this.#named(request);
    return new GivenName(id, occurrence, () => this.#named(request).key);
  }

  #named(request: BatchRequest): RequestName {
    const first = fingerprint(this.#provider.endpoint(request) ?? request.path, request.body);
    const occurrence = request.occurrence ?? (this.#occurrences ??= new DigestCounts()).add(first);
    const name = fingerprintOfOccurrence(first, occurrence);
    return { id: request.id ?? resultId(name, this.#prefix), key: this.#areShared ? first : name, occurrence };
  }

  /** The id of the result of `input`, which is not sent. */
  idOf(input: BatchInput): string {
    return input.kind === "invalid-line" ? (input.id ?? resultId(input.digest)) : this.name(input).id;
  }

  /** The same where it could not be named: there is no line, or the provider does not tell where it would go. */
  spareId(input: BatchInput): string {
    return input.id ?? resultId(input.kind === "invalid-line" ? input.digest : fingerprint(input.path, input.body));
  }
}

/** Of a request that has its id: a fingerprint takes a tenth of a walk, and only a cache asks for it. */
class GivenName implements RequestName {
  readonly id: string;
  readonly occurrence: number;
  readonly #findKey: () => string;

  constructor(id: string, occurrence: number, findKey: () => string) {
    this.id = id;
    this.occurrence = occurrence;
    this.#findKey = findKey;
  }

  get key(): string {
    return this.#findKey();
  }
}

const idPrefix = "batch_req_";
const idPrefixOfAnyProvider = `${idPrefix}any_`;
const idPattern = /^batch_req_([\w-]{24})$/;
const idPatternOfAnyProvider = /^batch_req_any_[\w-]{24}$/;
const keyPattern = /^[\w-]{43}$/;

/** How the key of an answer begins. @param name The id of a result, or the key itself. @returns undefined for anything else. */
export function keyStartOf(name: string): string | undefined {
  return keyPattern.test(name) ? name : idPattern.exec(name)?.[1];
}

/** Whether a name is the id that a `RequestBatch` gave. */
export function isIdOfAnyProvider(name: string): boolean {
  return idPatternOfAnyProvider.test(name);
}

/** @param name A fingerprint, or the digest of a line that cannot be sent. */
function resultId(name: string, prefix: string = idPrefix): string {
  return prefix + name.slice(0, 24);
}
