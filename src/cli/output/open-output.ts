import { DirectOutput } from "./direct-output.ts";
import { FileOutput } from "./file-output.ts";
import { resolveOutput } from "../files/resolve-output.ts";
import type { Output } from "./output.ts";

/**
 * Opens what the user named. A regular file is locked against other runs and written as `FILE.partial`; anything else (a pipe, a device,
 * an inherited descriptor) is written directly. Waits for the reader of a named pipe.
 *
 * @param name `-` or undefined for stdout.
 * @throws ConfigurationError when it cannot be opened, or another run is writing it; an older file is unchanged.
 */
export async function openOutput(name: string | undefined): Promise<Output> {
  const resolved = await resolveOutput(name ?? "-");
  return resolved.kind === "file" ? FileOutput.open(resolved.name, resolved.path) : DirectOutput.open(resolved);
}
