import { constants } from "node:fs";
import { access, readlink, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { ConfigurationError, errorCode } from "../../model/errors.ts";
import { asConfigurationError, asWritingError } from "./system-error.ts";

/** What a name on the command line stands for. `name` is as the user wrote it. */
type ResolvedOutput = ResolvedFile | ResolvedSink;

interface ResolvedFile {
  readonly kind: "file";
  readonly name: string;
  /** The real path, past all links. There may be no such file yet. */
  readonly path: string;
}

/** A descriptor, a pipe or a device: written directly. */
export type ResolvedSink =
  | { readonly kind: "descriptor"; readonly name: string; readonly descriptor: number }
  | { readonly kind: "pipe"; readonly name: string }
  | { readonly kind: "device"; readonly name: string };

/**
 * Finds out what `name` stands for, and whether it can be written.
 *
 * @param name A path, or `-` for stdout.
 * @throws ConfigurationError when it is a directory, its directory is missing, or it may not be written. Nothing is changed in any case.
 */
export async function resolveOutput(name: string): Promise<ResolvedOutput> {
  const descriptor = descriptorOf(name);
  if (descriptor !== undefined) return { kind: "descriptor", name, descriptor };
  try {
    if (name === "") throw new ConfigurationError("cannot write to a file without a name");
    const status = await statusOf(name);
    if (status?.isDirectory() || name.endsWith(sep)) throw new ConfigurationError(`cannot write ${name}: it is a directory`);
    if (status?.isFIFO()) return { kind: "pipe", name };
    if (status !== undefined && !status.isFile()) return { kind: "device", name };
    if (status !== undefined) await access(name, constants.W_OK);
    const path = await realPathOf(name);
    await assertWritableDirectory(name, dirname(path));
    return { kind: "file", name, path };
  } catch (error) {
    throw asWritingError(`cannot write ${name}`, name, error);
  }
}

/** The path past all links, also where the last part, or what a link points to, does not exist yet. */
export async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
  const directory = await realpath(dirname(path));
  const link = await readlink(path).catch(() => undefined);
  return link === undefined ? join(directory, basename(path)) : realPathOf(resolve(directory, link));
}

/**
 * The descriptor that a name such as `/dev/fd/3` stands for: writing goes on where the descriptor stands, whereas opening the name would
 * begin at byte 0. @param name `-` is stdout.
 */
export function descriptorOf(name: string): number | undefined {
  if (name === "-" || name === "/dev/stdout") return 1;
  if (name === "/dev/stdin") return 0;
  if (name === "/dev/stderr") return 2;
  const digits = /^\/(?:dev|proc\/self)\/fd\/(\d+)$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

async function statusOf(path: string): Promise<Awaited<ReturnType<typeof stat>> | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function assertWritableDirectory(name: string, directory: string): Promise<void> {
  try {
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw asConfigurationError(`cannot write ${name}: no file can be made in its directory ${directory}`, error);
  }
}
