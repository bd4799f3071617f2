import { DirectOutput } from "./direct-output.ts";
import { FileOutput } from "./file-output.ts";
import { resolveOutput } from "../files/resolve-output.ts";
import type { Output, OutputOptions } from "./output.ts";

/**
 * Opens what the user named. A regular file is locked against other runs and written beside itself, as `FILE.partial`; anything else
 * (a pipe, a device, an inherited descriptor) is written directly. A named pipe is waited for until someone reads it.
 *
 * @param target `-` or undefined for stdout.
 * @throws UsageError when it cannot be opened, or another run is writing it. An older file is as it was then.
 */
export async function openOutput(target: string | undefined, options: OutputOptions = {}): Promise<Output> {
  const found = await resolveOutput(target ?? "-");
  return found.kind === "file" ? FileOutput.open(found.name, found.path) : DirectOutput.open(found, options);
}
