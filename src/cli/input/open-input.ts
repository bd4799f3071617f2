import { constants, fstatSync, openSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import { Socket } from "node:net";
import type { Readable } from "node:stream";
import { ConfigurationError } from "../../model/errors.ts";
import { asConfigurationError } from "../files/system-error.ts";
import { FileInput } from "./file-input.ts";
import type { Input } from "./input.ts";
import { StreamInput } from "./stream-input.ts";

/** Chooses the paths for `openInputs`. @returns undefined when there is no argument and stdin is a terminal. */
export function chooseInputs(paths: readonly string[], stdinIsTerminal: boolean): readonly string[] | undefined {
  if (paths.length > 0) return paths;
  return stdinIsTerminal ? undefined : ["-"];
}

/**
 * Opens a file, a named pipe or stdin. Does not wait for a pipe's writer.
 *
 * @param path `-` for stdin.
 * @throws ConfigurationError when there is no such file, it is a directory, or it may not be read.
 */
export async function openInput(path: string, stdin: Readable): Promise<Input> {
  if (isStdin(path)) return openStdin(stdin);
  try {
    const status = await stat(path);
    if (status.isDirectory()) throw new ConfigurationError(`cannot read ${path}: it is a directory`);
    if (status.isFIFO()) return new StreamInput(path, openPipe(path));
    return new FileInput(path, await open(path), status.isFile());
  } catch (error) {
    throw asConfigurationError(`cannot read ${path || "a file without a name"}`, error);
  }
}

export function isStdin(path: string): boolean {
  return namesOfStdin.has(path);
}

const namesOfStdin: ReadonlySet<string> = new Set(["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"]);

function openStdin(stdin: Readable): Input {
  // For Node a directory at stdin is an empty input.
  const isDirectory = "fd" in stdin && typeof stdin.fd === "number" && fstatSync(stdin.fd).isDirectory();
  if (isDirectory) throw new ConfigurationError("cannot read stdin: it is a directory");
  return new StreamInput("stdin", stdin);
}

/** By a socket, because a blocking read of a pipe without a writer keeps the process from exiting. */
function openPipe(path: string): Readable {
  return new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false });
}
