import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode, OutputError } from "../../model/errors.ts";
import { asConfigurationError } from "../files/system-error.ts";
import { DirectOutput } from "./direct-output.ts";
import { printError } from "../terminal/print-error.ts";
import { type ResolvedSink, resolveOutput } from "../files/resolve-output.ts";

/**
 * Replaces a small file atomically: a reader finds the old text or the new one, whole. Pipes and devices are written directly. A
 * named pipe without a reader is not waited for, because the run is over: what was for it is dropped with a warning.
 *
 * @param path `-` for stdout.
 * @throws OutputError when it cannot be written; then an older file is unchanged.
 */
export async function writeFileAtomically(path: string, text: string): Promise<void> {
  try {
    const resolved = await resolveOutput(path);
    if (resolved.kind === "file") await replaceFile(resolved.path, text);
    else await writeDirectly(resolved, text);
  } catch (error) {
    if (error instanceof OutputError) throw error;
    throw new OutputError(asConfigurationError(`cannot write ${path}`, error).message, { cause: error });
  }
}

/** Syncs a finished file, closes it and renames it. Its mode is that of the file it replaces, else what the umask leaves of 0666. */
export async function moveIntoPlace(handle: FileHandle, from: string, to: string): Promise<void> {
  const [written, named] = await Promise.all([handle.stat(), stat(from)]);
  if (written.ino !== named.ino || written.dev !== named.dev) throw new Error("it was replaced while it was being written");
  await handle.chmod(await finalMode(to));
  await handle.sync();
  await handle.close();
  await rename(from, to);
  await syncDirectory(dirname(to));
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const handle = await open(temporary, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await moveIntoPlace(handle, temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

async function writeDirectly(resolved: ResolvedSink, text: string): Promise<void> {
  const output = await DirectOutput.open(resolved, false).catch(warnWithoutReader);
  await output?.write(text);
  await output?.finish();
}

/** As when a reader has left early, it is no failure of the run. */
async function warnWithoutReader(error: Error): Promise<undefined> {
  if (errorCode(error.cause) !== "ENXIO") throw error;
  printError(`${error.message}; it was left out`);
}

async function finalMode(path: string): Promise<number> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch {
    return 0o666 & ~process.umask();
  }
}

/** Makes the rename survive a power failure. Some systems cannot sync a directory; the file is whole under either name. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path).catch(() => undefined);
  await directory?.sync().catch(() => undefined);
  await directory?.close();
}
