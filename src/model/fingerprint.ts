import { hash } from "node:crypto";
import { canonicalJson } from "../json/canonical-json.ts";

/**
 * Names an answer: the SHA-256, in base64url, of where the request goes and what it says. Not part of it: the key, the
 * `custom_id`, the metadata, the line number. So a line that moves, or is renamed, finds its answer again.
 *
 * @param endpoint Base URL and path.
 * @param body The JSON text that is sent.
 */
export function fingerprint(endpoint: string, body: string): string {
  return hash("sha256", `${endpoint}\n${canonicalJson(body)}`, "base64url");
}

/** Names an answer that depends on more than endpoint and body. @param details Lines such as `anthropic-beta: X`; none for the name itself. */
export function fingerprintWith(first: string, details: readonly string[]): string {
  return details.length === 0 ? first : hash("sha256", [first, ...details].join("\n"), "base64url");
}

/**
 * Names the answer of the n-th identical request. A batch may want five samples of one prompt: each needs a name of its own, and
 * the same one in the next run.
 *
 * @param occurrence 0 for the first request with this fingerprint, whose name is the fingerprint itself.
 */
export function fingerprintOfOccurrence(first: string, occurrence: number): string {
  return occurrence === 0 ? first : hash("sha256", `${first}\n${occurrence}`, "base64url");
}
