import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Makes a library of `faults/failing-writes.c`, to be named in `LD_PRELOAD`. @returns undefined where that cannot be done. */
export function compileFaults(): string | undefined {
  if (process.platform !== "linux") return undefined;
  const folder = mkdtempSync(join(tmpdir(), "llmbatch-faults-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const library = join(folder, "failing-writes.so");
  const source = join(import.meta.dirname, "faults", "failing-writes.c");
  const { status } = spawnSync("cc", ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"]);
  return status === 0 ? library : undefined;
}
