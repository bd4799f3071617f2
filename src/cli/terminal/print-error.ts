import { printable } from "./printable.ts";
import { redactSecrets } from "./redact-secrets.ts";

/** Writes an error or a warning to stderr, without secrets and with control characters escaped. */
export function printError(message: string): void {
  for (const line of redactSecrets(message).split("\n")) process.stderr.write(`llmbatch: ${printable(line)}\n`);
}
