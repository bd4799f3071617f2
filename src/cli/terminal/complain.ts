import { printable } from "./printable.ts";
import { withoutSecrets } from "./redact-secrets.ts";

/** Tells a person on stderr what is wrong. What the message quotes cannot do anything to the terminal. */
export function complain(message: string): void {
  for (const line of withoutSecrets(message).split("\n")) process.stderr.write(`llmbatch: ${printable(line)}\n`);
}
