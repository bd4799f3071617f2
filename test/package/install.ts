import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

const project = join(import.meta.dirname, "..", "..");

declare module "vitest" {
  interface ProvidedContext {
    /** The folder that the package is installed in. */
    installed: string;
    /** Why it is not: the registry cannot be reached. Empty if it is. */
    notInstalled: string;
  }
}

/**
 * Packs the package and installs it from the tarball in an empty folder, as users get it. No install script runs: compiling sqlite3
 * takes minutes, and the first tests are about its absence.
 */
export default function install({ provide }: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "llmbatch-package-"));
  npm(project, "run", "build");
  const tarball = npm(project, "pack", "--ignore-scripts", "--pack-destination", folder).trimEnd().split("\n").at(-1) ?? "";
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  provide("installed", folder);
  provide("notInstalled", installTarball(folder, join(folder, tarball)));
  return () => rmSync(folder, { recursive: true });
}

/** @returns why the registry cannot be reached, or nothing. */
function installTarball(folder: string, tarball: string): string {
  try {
    npm(folder, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", tarball);
    return "";
  } catch (error) {
    const [reason] = /E(NOTFOUND|AI_AGAIN|CONNREFUSED|TIMEDOUT|NETUNREACH|NOTCACHED)/.exec(String(error)) ?? [];
    if (reason === undefined || process.env["CI"] !== undefined) throw error;
    return `the registry cannot be reached: ${reason}`;
  }
}

/** @returns stdout. @throws an error that holds stderr. */
export function npm(folder: string, ...args: string[]): string {
  return execFileSync("npm", args, { cwd: folder, encoding: "utf8", stdio: "pipe" });
}
