import { KeyvSqlite } from "@keyv/sqlite";
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Looks into a cache file that no process has open, without llmbatch's help and without touching it: a copy is opened, as the next
 * process would find it.
 *
 * @returns the numbers of the questions whose answers are committed there.
 */
export async function answeredInCache(path: string): Promise<Set<number>> {
  if (!existsSync(path)) return new Set();
  const folder = mkdtempSync(join(tmpdir(), "llmbatch-cache-copy-"));
  try {
    const copy = join(folder, "copy.sqlite");
    for (const suffix of ["", "-wal", "-journal"]) if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
    const database = new KeyvSqlite(copy);
    const rows: { value: unknown }[] = await database.query("SELECT value FROM keyv");
    await database.close();
    const numbers = rows.map(({ value }) => /answer to question (\d+)"/.exec(String(value))?.[1]);
    return new Set(numbers.filter((number) => number !== undefined).map(Number));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
