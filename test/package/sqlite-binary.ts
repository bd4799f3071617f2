import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { npm } from "./install.ts";

const binary = join("build", "Release", "node_sqlite3.node");
const ours = join(import.meta.dirname, "..", "..", "node_modules", "sqlite3");

/**
 * Gives the installed package the binary that its install script would have fetched or compiled. Where its JavaScript and C++ are
 * those of the checkout's sqlite3, the checkout's binary will do, which saves minutes of compiling; under CI the script itself runs.
 *
 * @returns what was done, for the log.
 */
export function provideSqliteBinary(folder: string): string {
  const theirs = join(folder, "node_modules", "sqlite3");
  const [version, ourVersion] = [theirs, ours].map((path) => /"version": "([^"]+)"/.exec(read(path, "package.json"))?.[1]);
  if (process.env["CI"] !== undefined || !hasSameSource(theirs)) {
    npm(folder, "rebuild", "sqlite3");
    return `sqlite3 ${version} by its own install script`;
  }
  mkdirSync(dirname(join(theirs, binary)), { recursive: true });
  copyFileSync(join(ours, binary), join(theirs, binary));
  return `sqlite3 ${version} with the binary of ${ourVersion}, whose JavaScript and C++ are the same`;
}

function hasSameSource(theirs: string): boolean {
  const names = sourceFiles(ours);
  return sourceFiles(theirs).join() === names.join() && names.every((name) => read(theirs, name) === read(ours, name));
}

/** Without the header that only names old versions of glibc. */
function sourceFiles(folder: string): string[] {
  const paths = ["lib", "src"].flatMap((part) => readdirSync(join(folder, part)).map((name) => join(part, name)));
  return paths.filter((path) => /\.(js|cc|h)$/.test(path) && !path.endsWith("gcc-preinclude.h"));
}

function read(folder: string, name: string): string {
  return readFileSync(join(folder, name), "utf8");
}
