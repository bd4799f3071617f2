import { ConfigurationError } from "../../model/errors.ts";
import { describeSystemError } from "../files/system-error.ts";

/** Reading failed after it had begun. Not thrown for an input that cannot be opened: that is a `ConfigurationError`. */
export class InputError extends Error {
  override readonly name = "InputError";

  /** @param input The input's name. @param cause The system error, or a ConfigurationError, which says all. */
  constructor(input: string, cause: unknown) {
    const isExplained = cause instanceof ConfigurationError;
    super(isExplained ? cause.message : `cannot read ${input} any further: ${describeSystemError(cause)}`, { cause });
  }
}
