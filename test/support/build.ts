import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Tests run the real `bin/llmbatch.js`, and parts of it in processes of their own: `dist/` and `build/` must be what `src/` says now. */
export default function build(): void {
  const project = join(import.meta.dirname, "..", "..");
  execFileSync(join(project, "node_modules", ".bin", "rolldown"), ["-c", ".build/rolldown.config.js"], {
    cwd: project,
    stdio: ["ignore", "ignore", "inherit"],
  });
}
