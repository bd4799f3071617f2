import { errorCode, OutputError } from "../../model/errors.ts";
import { describeSystemError } from "../../model/system-error.ts";

export { asConfigurationError, describeSystemError } from "../../model/system-error.ts";

/** Whether a write failed because the reader of a pipe has closed it (`| head`). */
export function isReaderGone(error: unknown): boolean {
  return readerGoneCodes.has(errorCode(error) ?? "");
}

/** A socket is reset when its reader leaves unread bytes behind; after either error Node's stdout is destroyed. */
const readerGoneCodes: ReadonlySet<string> = new Set(["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED"]);

/** @param what Cannot be done, and breaks off while the run goes on. */
export function asOutputError(what: string, error: unknown): OutputError {
  return new OutputError(`${what}: ${describeSystemError(error)}`, { cause: error });
}
