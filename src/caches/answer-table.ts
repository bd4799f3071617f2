import { randomUUID } from "node:crypto";
import { expiresSql, namespace, notesNamespace, storedAtSql } from "./answer-row.ts";
import { type AnswerRow, RowPacker } from "./packed-rows.ts";

/** Runs one SQL statement; rejects with CacheError. Each statement is a transaction of its own. */
export type Query = (sql: string, parameters?: readonly unknown[]) => Promise<readonly Row[]>;

/** Columns by name. Any process may have written them, so their types are not known. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * Of new databases, twice what is usual: each page is written on its own. A row of 8 KB takes 4.7 writes in groups of two dozen, where it
 * took 8.1, a row of 500 bytes 1.6 instead of 2.4. In return, an answer that is committed alone adds twice as much to the log.
 */
export const pageBytes = 8192;

/** Rows of this format, whose keys start with the namespace and a colon; a semicolon is the next character. */
const ours = `key >= '${namespace}:' AND key < '${namespace};'`;
const oursInAnyFormat = "key >= 'llmbatch-' AND key < 'llmbatch.'";

/** As many rows as `?2` has places for, cut out of `?1`. "WHERE true" keeps SQLite from reading ON CONFLICT as a join's condition. */
const writeSql = `
  INSERT INTO keyv (key, value)
  SELECT value ->> 0, CAST(substr(?1, value ->> 1, value ->> 2) AS TEXT) FROM json_each(?2) WHERE true
  ON CONFLICT (key) DO UPDATE SET value = excluded.value`;

/** Writes all rows in one transaction; of rows with the same key the last stays. @returns how many bytes they are. */
export function writeRows(
  query: Query,
  rows: readonly AnswerRow[],
  prefix: string = namespace,
  packer: RowPacker = new RowPacker(),
): Promise<number> {
  return packer.pack(rows, prefix, async ({ bytes, places }) => {
    await query(writeSql, [bytes, places]);
    return bytes.length;
  });
}

/** Reads rows in one statement. @returns what stands in each, in the order of `keys`; undefined where there is no row. */
export async function readRows(query: Query, keys: readonly string[], prefix: string = namespace): Promise<unknown[]> {
  const wanted = JSON.stringify(keys.map((key) => `${prefix}:${key}`));
  const rows = await query(
    "SELECT wanted.key AS place, keyv.value FROM json_each(?) AS wanted CROSS JOIN keyv ON keyv.key = wanted.value",
    [wanted],
  );
  const texts = Array.from<unknown>({ length: keys.length });
  for (const { place, value } of rows) texts[Number(place)] = value;
  return texts;
}

/** @returns where the row of `key` stands in the order in which rows were first written. */
export async function locateRow(query: Query, key: string): Promise<number | undefined> {
  const [row] = await query("SELECT rowid AS place FROM keyv WHERE key = ?", [`${namespace}:${key}`]);
  return row === undefined ? undefined : Number(row["place"]);
}

/** Texts in one buffer: as values of their own, each would be copied about, and made an object of, one by one. */
const rangeSql = `
  SELECT json_group_array(key) AS keys, json_group_array(length(CAST(value AS BLOB))) AS lengths,
    CAST(group_concat(value, '') AS BLOB) AS bytes
  FROM (SELECT key, value FROM keyv WHERE rowid >= ?1 AND rowid < ?2)`;

/** Reads the rows of answers that stand from one place up to another, in one statement. */
export async function readRange(query: Query, from: number, to: number): Promise<KeyedText[]> {
  const [row] = await query(rangeSql, [from, to]);
  const bytes = row?.["bytes"];
  if (!Buffer.isBuffer(bytes)) return []; // there are no rows
  const keys: unknown[] = JSON.parse(String(row?.["keys"]));
  const lengths: unknown[] = JSON.parse(String(row?.["lengths"]));
  const rows: KeyedText[] = [];
  let start = 0;
  for (const [place, key] of keys.entries()) {
    const end = start + Number(lengths[place]);
    if (typeof key === "string" && key.startsWith(`${namespace}:`)) {
      rows.push({ key: key.slice(namespace.length + 1), text: bytes.toString("utf8", start, end) });
    }
    start = end;
  }
  return rows;
}

export interface KeyedText {
  readonly key: string;
  readonly text: string;
}

/** Writes a row, reads it back and deletes it. */
export async function probe(query: Query): Promise<void> {
  const row: AnswerRow = { key: `probe-${randomUUID()}`, texts: ["{}"] };
  await writeRows(query, [row]);
  const [text] = await readRows(query, [row.key]);
  await query("DELETE FROM keyv WHERE key = ?", [`${namespace}:${row.key}`]);
  if (text !== row.texts[0]) throw new Error("what is written to it does not come back");
}

export interface RowSummary {
  /** Answers, expired ones included. */
  readonly entries: number;
  readonly expired: number;
  /** Milliseconds since 1970; undefined when there is no answer. */
  readonly oldestStoredAt: number | undefined;
  readonly newestStoredAt: number | undefined;
}

export async function summarizeRows(query: Query, expiry: Expiry): Promise<RowSummary> {
  const sql = `
    SELECT count(*) AS entries, count(*) FILTER (WHERE ${isExpiredSql}) AS expired,
      min(nullif(${storedAtSql}, 0)) AS oldest, max(nullif(${storedAtSql}, 0)) AS newest
    FROM keyv NOT INDEXED WHERE ${ours}`;
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
  await query(`DELETE FROM keyv NOT INDEXED WHERE ${ours} AND (${isExpiredSql})`, [expiry.now, expiry.storedUntil]);
  return countChanges(query);
}

export async function deleteNotes(query: Query): Promise<void> {
  await query(`DELETE FROM keyv WHERE key >= '${notesNamespace}:' AND key < '${notesNamespace};'`);
}

/** Deletes the rows of every format version. @returns how many. */
export async function deleteAllRows(query: Query): Promise<number> {
  await query(`DELETE FROM keyv WHERE ${oursInAnyFormat}`);
  return countChanges(query);
}

/** Gives the space of deleted rows back to the file system, and leaves nothing of them in the file. */
export async function shrink(query: Query): Promise<void> {
  await query("VACUUM");
  await query("PRAGMA wal_checkpoint(TRUNCATE)");
}

/** In milliseconds since 1970. */
export interface Expiry {
  /** Rows whose own time ended by now have expired. */
  readonly now: number;
  /** Rows stored by then have expired too. */
  readonly storedUntil: number;
}

const isExpiredSql = `${expiresSql} <= ?1 OR coalesce(${storedAtSql}, 0) <= ?2`;

async function countChanges(query: Query): Promise<number> {
  const [row] = await query("SELECT changes() AS deleted");
  return Number(row?.["deleted"]);
}

function timeOf(milliseconds: unknown): number | undefined {
  return typeof milliseconds === "number" ? milliseconds : undefined;
}
