import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** End-to-end tests run the real `bin/llmbatch.js`, so `dist/` must be what `src/` says now. */
export default function build(): void {
  const project = join(import.meta.dirname, "..", "..");
  const typescript = createRequire(import.meta.url).resolve("typescript/package.json");
  execFileSync(process.execPath, [join(dirname(typescript), "bin", "tsc"), "-p", project], {
    stdio: "inherit",
  });
}
