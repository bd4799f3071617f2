import { fstatSync, statSync } from "node:fs";
import { ConfigurationError, errorCode } from "../../model/errors.ts";
import { descriptorOf, realPathOf } from "./resolve-output.ts";

/** The files of one run, as the user wrote them. `-` and undefined are stdin for an input, stdout for the output. */
export interface RunFiles {
  /** @default stdin alone */
  readonly inputs?: readonly (string | undefined)[];
  readonly output?: string | undefined;
  readonly errors?: string | undefined;
  readonly stats?: string | undefined;
  readonly log?: string | undefined;
}

/**
 * Asserts that no file of a run overwrites another, whatever names and links lead to it. The files beside an output (`FILE.partial`,
 * `FILE.lock`) count too, and so do files that the shell opened. Pipes and devices may be shared.
 *
 * @throws ConfigurationError naming the two names of one file.
 */
export async function assertDistinctFiles({ inputs = [undefined], output, errors, stats, log }: RunFiles): Promise<void> {
  const files = [
    ...(await Promise.all(inputs.map((input) => fileOf("the input", input, 0)))).flat(),
    ...(await outputFilesOf("--output", output, 1)),
    ...(await outputFilesOf("--errors", errors)),
    ...(await outputFilesOf("--stats", stats)),
    ...(await fileOf("--log", log)),
  ];
  const known = new Map<string, NamedFile>();
  for (const file of files) {
    const same = known.get(file.identity);
    if (same !== undefined && same.role !== file.role)
      throw new ConfigurationError(`${same.description} and ${file.description} are the same file; give each a name of its own`);
    known.set(file.identity, file);
  }
}

interface NamedFile {
  readonly role: string;
  readonly description: string;
  /** The same for all names of one file. */
  readonly identity: string;
}

const suffixesBesideAnOutput = [".partial", ".lock"];

async function outputFilesOf(role: string, name: string | undefined, standard?: number): Promise<NamedFile[]> {
  const files = await fileOf(role, name, standard);
  if (files.length === 0 || name === undefined || descriptorOf(name) !== undefined) return files;
  const path = await realPathOf(name);
  for (const suffix of suffixesBesideAnOutput) {
    const identity = await identityOfPath(path + suffix);
    if (identity !== undefined)
      files.push({ role, identity, description: `${role} ${name} (written beside it as ${path + suffix})` });
  }
  return files;
}

/** @returns nothing for a pipe, a device or a file that `stat` fails on: opening it reports the error. */
async function fileOf(role: string, name: string | undefined, standard?: number): Promise<NamedFile[]> {
  const descriptor = name === undefined || (name === "-" && standard !== undefined) ? standard : descriptorOf(name);
  const identity = descriptor === undefined ? name && (await identityOfPath(name)) : identityOfDescriptor(descriptor);
  return identity ? [{ role, identity, description: name === undefined ? role : `${role} ${name}` }] : [];
}

async function identityOfPath(path: string): Promise<string | undefined> {
  try {
    const status = statSync(path, { bigint: true });
    return status.isFile() ? `${status.dev}:${status.ino}` : undefined;
  } catch (error) {
    return errorCode(error) === "ENOENT" ? realPathOf(path).catch(() => undefined) : undefined;
  }
}

function identityOfDescriptor(descriptor: number): string | undefined {
  try {
    const status = fstatSync(descriptor, { bigint: true });
    return status.isFile() ? `${status.dev}:${status.ino}` : undefined;
  } catch {
    return undefined;
  }
}
