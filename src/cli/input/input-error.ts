import { describeSystemError } from "../files/system-error.ts";

/** Reading broke off after it had begun. Not thrown for an input that cannot be opened, which is a `UsageError`. */
export class InputError extends Error {
  override readonly name = "InputError";

  /** @param input Its name. @param cause The error of the system. */
  constructor(input: string, cause: unknown) {
    super(`cannot read ${input} any further: ${describeSystemError(cause)}`, { cause });
  }
}
