import { printable } from "../../text/printable.ts";
import { redactSecrets } from "./redact-secrets.ts";

/** Writes an error or a warning to stderr, without secrets and with control characters escaped. */
export function printError(message: string): void {
  printLines(message, "llmbatch: ");
}

/** Writes lines to stderr in that way. @param start Of each line. */
export function printLines(text: string, start = ""): void {
  for (const line of redactSecrets(text).split("\n")) process.stderr.write(`${start}${printable(line)}\n`);
}
