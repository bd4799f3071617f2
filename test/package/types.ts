import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const project = join(import.meta.dirname, "..", "..");

/** How a program finds the package's types: as Node does, or as bundlers do. */
export type Resolution = "nodenext" | "bundler";

/**
 * Compiles the consumer against the installed package, whose declarations are checked, too.
 *
 * @returns what the compiler says; nothing if all is well.
 */
export function compileConsumer(folder: string, resolution: Resolution): string {
  const own = join(folder, `consumer-${resolution}`);
  mkdirSync(own, { recursive: true });
  copyFileSync(join(project, "test", "package", "consumer", "consumer.ts"), join(own, "consumer.ts"));
  const compilerOptions = {
    target: "es2023",
    lib: ["es2023", "esnext.disposable"],
    module: resolution === "bundler" ? "esnext" : "nodenext",
    moduleResolution: resolution,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    types: ["node"],
    typeRoots: [join(project, "node_modules", "@types")],
  };
  writeFileSync(join(own, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["consumer.ts"] }));
  try {
    execFileSync(process.execPath, [join(project, "node_modules", "typescript", "bin", "tsc"), "-p", own], { stdio: "pipe" });
    return "";
  } catch (error) {
    return error instanceof Error && "stdout" in error ? String(error.stdout) : String(error);
  }
}
