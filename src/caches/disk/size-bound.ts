import type { Connection } from "./connection.ts";
import { isAnswerSql } from "./keyv-table.ts";
import { shrink } from "./maintenance.ts";

/** How a bound for the cache's files is shared out. */
export interface SizeBound {
  /** Of the database. */
  readonly tableBytes: number;
  /** Of the write-ahead log, which is moved into the database then. */
  readonly checkpointBytes: number;
  /** Of what one transaction writes. */
  readonly writeCharacters: number;
}

/** The last transaction before a checkpoint makes the log longer. @param maxBytes Of all files together. @param most Where there is no bound. */
export function shareOut(maxBytes: number, most: Omit<SizeBound, "tableBytes">): SizeBound {
  const checkpointBytes = Math.min(most.checkpointBytes, maxBytes / 8);
  const writeCharacters = Math.min(most.writeCharacters, maxBytes / 16);
  return { tableBytes: maxBytes - 2 * (checkpointBytes + writeCharacters), checkpointBytes, writeCharacters };
}

/** Deleting goes on below the bound by a tenth, so that the next transactions need not delete. */
const keptShare = 0.9;
const maxRowsPerDelete = 1000;

/**
 * Deletes answers, those stored first before all others, if the database takes more than `tableBytes`. The space of deleted rows takes what
 * comes next, so the file does not grow.
 */
export async function evictOldest(connection: Connection, tableBytes: number): Promise<void> {
  let { used } = await databaseSize(connection);
  if (used <= tableBytes) return;
  while (used > tableBytes * keptShare) {
    // Half of it, because a row of 2,050 bytes takes a page of 4,096: too few are deleted, never too many.
    if (!(await deleteOldest(connection, (used - tableBytes * keptShare) / 2))) return;
    ({ used } = await databaseSize(connection));
  }
}

/** Makes a file smaller that was let grow further before. */
export async function shrinkTo(connection: Connection, tableBytes: number): Promise<void> {
  if ((await databaseSize(connection)).total <= tableBytes) return;
  await evictOldest(connection, tableBytes);
  await shrink(connection);
}

async function databaseSize(connection: Connection): Promise<{ used: number; total: number }> {
  const [row] = await connection.query(
    "SELECT page_count * page_size AS total, freelist_count * page_size AS free FROM pragma_page_count, pragma_page_size, pragma_freelist_count",
  );
  const total = Number(row?.["total"]);
  return { total, used: total - Number(row?.["free"]) };
}

/** Rows are numbered as they are stored. @param bytes Of the rows to delete, of 1,000 at most. @returns whether there was one. */
async function deleteOldest(connection: Connection, bytes: number): Promise<boolean> {
  const sql = `
    DELETE FROM keyv WHERE rowid IN (SELECT id FROM (
      SELECT id, sum(bytes) OVER (ORDER BY id) - bytes AS before FROM (
        SELECT rowid AS id, octet_length(value) AS bytes FROM keyv NOT INDEXED WHERE ${isAnswerSql} ORDER BY rowid LIMIT ${maxRowsPerDelete}))
    WHERE before < ?)
    RETURNING 1`;
  return (await connection.query(sql, [bytes])).length > 0;
}
