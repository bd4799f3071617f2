import { hash } from "node:crypto";

/** What every made-up thing about a request is drawn from: the hex SHA-256 of the seed, the endpoint and the request's body. */
export function digestOf(seed: number, endpoint: string, body: string): string {
  return hash("sha256", `${seed}\n${endpoint}\n${body}`);
}

/** The first 32 bits of a digest. */
export function firstWord(digest: string): number {
  return Number.parseInt(digest.slice(0, 8), 16);
}

/**
 * A number in [0, 1), evenly spread, that depends on its arguments alone: no generator has a state that the order of requests
 * could disturb. `salt` tells apart the draws of one `word`.
 */
export function chance(word: number, salt: number): number {
  let bits = (word + Math.imul(salt + 1, 0x9e3779b9)) | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b); // the finaliser of MurmurHash3
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
}
