import { expiresSql, storedAtSql } from "./answer-row.ts";
import { anyNote } from "./notes.ts";
import { answersTable, anyAnswersTable, anyTable, namesTable, type Query } from "./tables.ts";

export interface RowSummary {
  /** Answers, expired ones included. */
  readonly entries: number;
  readonly expired: number;
  /** Milliseconds since 1970; undefined when there is no answer. */
  readonly oldestStoredAt: number | undefined;
  readonly newestStoredAt: number | undefined;
}

/** In milliseconds since 1970. */
export interface Expiry {
  /** Rows whose own time ended by now have expired. */
  readonly now: number;
  /** Rows stored by then have expired too. */
  readonly storedUntil: number;
}

const isExpiredSql = `${expiresSql} <= ?1 OR coalesce(${storedAtSql}, 0) <= ?2`;

export async function summarizeRows(query: Query, expiry: Expiry): Promise<RowSummary> {
  const sql = `
    SELECT count(*) AS entries, count(*) FILTER (WHERE ${isExpiredSql}) AS expired,
      min(nullif(${storedAtSql}, 0)) AS oldest, max(nullif(${storedAtSql}, 0)) AS newest
    FROM ${answersTable}`;
  const [row] = await query(sql, [expiry.now, expiry.storedUntil]);
  return {
    entries: Number(row?.["entries"]),
    expired: Number(row?.["expired"]),
    oldestStoredAt: timeOf(row?.["oldest"]),
    newestStoredAt: timeOf(row?.["newest"]),
  };
}

/** @returns how many it deleted. */
export async function deleteExpiredRows(query: Query, expiry: Expiry): Promise<number> {
  await query(`DELETE FROM ${answersTable} WHERE ${isExpiredSql}`, [expiry.now, expiry.storedUntil]);
  return countChanges(query);
}

/** Deletes the names of answers that are not there. The mark of what has been merged is no text. */
export async function deleteStrayNames(query: Query): Promise<void> {
  await query(`DELETE FROM ${namesTable} WHERE typeof(start) = 'text' AND place NOT IN (SELECT place FROM ${answersTable})`);
}

/** Deletes the rows of every format version, those of Keyv's table included. @returns how many answers and notes they were. */
export async function deleteAllRows(query: Query): Promise<number> {
  let deleted = 0;
  for (const table of await tablesLike(query, anyAnswersTable)) deleted += await countRows(query, table);
  for (const table of await tablesLike(query, anyTable)) await query(`DELETE FROM "${table}"`);
  await query(`DELETE FROM keyv WHERE ${anyNote}`);
  return deleted + (await countChanges(query));
}

/** Gives the space of deleted rows back to the file system, and leaves nothing of them in the file. */
export async function shrink(query: Query): Promise<void> {
  await query("VACUUM");
  await query("PRAGMA wal_checkpoint(TRUNCATE)");
}

async function tablesLike(query: Query, pattern: string): Promise<string[]> {
  const rows = await query("SELECT name FROM main.sqlite_master WHERE type = 'table' AND name GLOB ?", [pattern]);
  return rows.map(({ name }) => String(name));
}

async function countRows(query: Query, table: string): Promise<number> {
  const [row] = await query(`SELECT count(*) AS rows FROM "${table}"`);
  return Number(row?.["rows"]);
}

async function countChanges(query: Query): Promise<number> {
  const [row] = await query("SELECT changes() AS deleted");
  return Number(row?.["deleted"]);
}

function timeOf(milliseconds: unknown): number | undefined {
  return typeof milliseconds === "number" ? milliseconds : undefined;
}
