import { DigestCounts } from "../model/digest-counts.ts";
import { fingerprintOfOccurrence, fingerprintOfRequest } from "../model/fingerprint.ts";
import type { BatchRequest } from "../model/request.ts";
import type { Provider } from "../providers/provider.ts";
import type { NamedRequest } from "./request-walk.ts";

/** Gives the requests of one run their names. The n-th identical request must be the n-th in every run: name them in the order of the input. */
export class RequestNames {
  readonly #provider: Provider;
  readonly #areShared: boolean;
  readonly #occurrences = new DigestCounts();

  /** @param areShared Identical requests have one answer in common (`dedupe`). */
  constructor(provider: Provider, areShared: boolean) {
    this.#provider = provider;
    this.#areShared = areShared;
  }

  name(request: BatchRequest): NamedRequest {
    const first = request.fingerprint ?? fingerprintOfRequest(request, this.#provider.endpoint(request));
    const name = fingerprintOfOccurrence(first, this.#occurrences.addDigest(first));
    return { request, id: resultId(name), key: this.#areShared ? first : name };
  }
}

/** @param name A fingerprint, or the digest of a line that cannot be sent. */
export function resultId(name: string): string {
  return `batch_req_${name.slice(0, 24)}`;
}
