import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { ConfigurationError, errorCode, OutputError } from "../../model/errors.ts";
import { asConfigurationError, describeSystemError } from "../../model/system-error.ts";

export { asConfigurationError, describeSystemError, makeFolders } from "../../model/system-error.ts";

/** Whether a write failed because the reader of a pipe has closed it (`| head`). */
export function isReaderGone(error: unknown): boolean {
  return readerGoneCodes.has(errorCode(error) ?? "");
}

/** A socket is reset when its reader leaves unread bytes behind; after either error Node's stdout is destroyed. */
const readerGoneCodes: ReadonlySet<string> = new Set(["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED"]);

/** @param what Cannot be done: `cannot write out/a.jsonl`. @param path The file, which need not be there, but for its directory. */
export function asWritingError(what: string, path: string, error: unknown): ConfigurationError {
  const directory = dirname(path);
  if (errorCode(error) !== "ENOENT" || existsSync(directory)) return asConfigurationError(what, error);
  return new ConfigurationError(`${what}: there is no directory ${directory}; make it first`, {
    cause: error,
  });
}

/** @param what Cannot be done, and breaks off while the run goes on. */
export function asOutputError(what: string, error: unknown): OutputError {
  return new OutputError(`${what}: ${describeSystemError(error)}`, { cause: error });
}
