import { createHash } from "node:crypto";

/** What makes a run the same: its input, its output, and the options that decide what its lines become. */
export function runIdOf(facts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex").slice(0, 16);
}
