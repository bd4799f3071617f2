import { printable } from "./printable.ts";
import { redactSecrets } from "./redact-secrets.ts";

/** Tells a person on stderr what is wrong. What the message quotes cannot do anything to the terminal. */
export function printError(message: string): void {
  for (const line of redactSecrets(message).split("\n")) process.stderr.write(`llmbatch: ${printable(line)}\n`);
}
