import { expiresSql, storedAtSql } from "./answer-row.ts";
import type { Connection } from "./connection.ts";
import { createTableSql, isAnswerSql, isNoteSql } from "./keyv-table.ts";

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

const isExpiredSql = `(${expiresSql} <= ?1 OR coalesce(${storedAtSql}, 0) <= ?2)`;

export async function summarizeRows(connection: Connection, expiry: Expiry): Promise<RowSummary> {
  const sql = `
    SELECT count(*) AS entries, count(*) FILTER (WHERE ${isExpiredSql}) AS expired,
      min(nullif(${storedAtSql}, 0)) AS oldest, max(nullif(${storedAtSql}, 0)) AS newest
    FROM keyv WHERE ${isAnswerSql}`;
  const [row] = await connection.query(sql, [expiry.now, expiry.storedUntil]);
  return {
    entries: Number(row?.["entries"]),
    expired: Number(row?.["expired"]),
    oldestStoredAt: timeOf(row?.["oldest"]),
    newestStoredAt: timeOf(row?.["newest"]),
  };
}

/** Deletes notes, too. @returns how many answers it deleted. */
export async function deleteExpiredRows(connection: Connection, expiry: Expiry): Promise<number> {
  await connection.query(`DELETE FROM keyv WHERE ${isAnswerSql} AND ${isExpiredSql}`, [expiry.now, expiry.storedUntil]);
  const [row] = await connection.query("SELECT changes() AS deleted");
  await connection.query(`DELETE FROM keyv WHERE ${isNoteSql}`);
  return Number(row?.["deleted"]);
}

/** Deletes all answers and notes, and the tables of earlier versions. @returns how many answers they were. */
export async function deleteAllRows(connection: Connection): Promise<number> {
  let deleted = 0;
  for (const table of await earlierTables(connection)) {
    if (table.startsWith("llmbatch_answers_")) deleted += await countRows(connection, `"${table}"`);
    await connection.query(`DROP TABLE "${table}"`);
  }
  deleted += await countRows(connection, `keyv WHERE ${isAnswerSql}`);
  await connection.query(`DELETE FROM keyv WHERE (${isAnswerSql}) OR (${isNoteSql})`);
  return deleted;
}

/** The tables in which earlier versions kept answers. This version does not read them. */
export async function earlierTables(connection: Connection): Promise<string[]> {
  const rows = await connection.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'llmbatch_*'");
  return rows.map(({ name }) => String(name));
}

/** Gives the space of deleted rows back to the file system, and leaves nothing of them in the file. */
export async function shrink(connection: Connection): Promise<void> {
  await connection.query("VACUUM");
  await connection.query("PRAGMA wal_checkpoint(TRUNCATE)");
}

/** Adds all rows to those of another database. The connection must have no statement in flight. */
export async function copyRows(connection: Connection, file: string): Promise<void> {
  await connection.query("ATTACH ? AS other", [file]);
  await connection.query(createTableSql.replace("keyv", "other.keyv"));
  await connection.query("INSERT OR IGNORE INTO other.keyv SELECT key, value FROM main.keyv");
  await connection.query("DETACH other");
}

async function countRows(connection: Connection, what: string): Promise<number> {
  const [row] = await connection.query(`SELECT count(*) AS rows FROM ${what}`);
  return Number(row?.["rows"]);
}

function timeOf(milliseconds: unknown): number | undefined {
  return typeof milliseconds === "number" ? milliseconds : undefined;
}
