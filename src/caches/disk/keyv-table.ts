import type { Connection } from "./connection.ts";

/** As `@keyv/sqlite` makes it, so that `new Keyv(new KeyvSqlite(uri))` reads what stands in it. */
export const createTableSql = "CREATE TABLE IF NOT EXISTS keyv(key VARCHAR(255) PRIMARY KEY, value TEXT )";

/** Keyv's own default namespace: `await keyv.get(fingerprint)` finds an answer. */
export const answerPrefix = "keyv:";
const notePrefix = "llmbatch-note:";

/** SQL for the keys of answers: the prefix, and a fingerprint of 43 characters. Other programs may keep something else in the table. */
export const isAnswerSql: string = `key GLOB '${answerPrefix}*' AND length(key) = ${answerPrefix.length + 43}`;
/** SQL for the keys of notes, those of earlier versions included. */
export const isNoteSql = "key GLOB 'llmbatch-*'";

export interface TableRow {
  readonly key: string;
  readonly value: string;
}

/**
 * Of several rows with the same key the last stays. A row that replaces another gets the next number, so that the order of numbers is that of
 * storing, by which the oldest are deleted. Values in one JSON array (`json_each`) take three times the CPU
 * with 8 KB each.
 */
export async function writeRows(connection: Connection, rows: readonly TableRow[]): Promise<void> {
  const slots = rows.map(() => "(?, ?)").join();
  const sql = `INSERT OR REPLACE INTO keyv (key, value) VALUES ${slots}`;
  await connection.query(
    sql,
    rows.flatMap(({ key, value }) => [key, value]),
  );
}

/** What one statement reads is in memory several times over for a moment. */
const maxBytesPerRead = 8 * 1024 * 1024;

/**
 * @param keys At least one.
 * @returns the values of as many of the first keys as fit into 8 MiB, at least one, in their order; undefined for each that is not there.
 */
export async function readValues(connection: Connection, keys: readonly string[]): Promise<readonly unknown[]> {
  const sql = `
    SELECT position, fits, (SELECT value FROM keyv WHERE fits AND rowid = id) AS value FROM (
      SELECT position, id, bytes <= ?2 OR number = 1 AS fits FROM (
        SELECT wanted.key AS position, keyv.rowid AS id, row_number() OVER upToHere AS number, sum(octet_length(keyv.value)) OVER upToHere AS bytes
        FROM json_each(?1) AS wanted CROSS JOIN keyv ON keyv.key = wanted.value
        WINDOW upToHere AS (ORDER BY wanted.key ROWS UNBOUNDED PRECEDING)))`;
  const values = Array.from<unknown>({ length: keys.length });
  let count = keys.length;
  for (const { position, fits, value } of await connection.query(sql, [JSON.stringify(keys), maxBytesPerRead])) {
    if (fits === 1) values[Number(position)] = value;
    else count = Math.min(count, Number(position));
  }
  return values.slice(0, count);
}

/** @returns the keys of answers that begin so, without Keyv's prefix. @param start In base64url. */
export async function findKeys(connection: Connection, start: string): Promise<string[]> {
  const sql = `SELECT key FROM keyv WHERE key >= ?1 AND key < ?1 || '~' AND ${isAnswerSql}`;
  const rows = await connection.query(sql, [answerPrefix + start]);
  return rows.map(({ key }) => String(key).slice(answerPrefix.length));
}

/** @returns whether there was one. */
export async function deleteRow(connection: Connection, key: string): Promise<boolean> {
  return (await connection.query("DELETE FROM keyv WHERE key = ? RETURNING 1", [answerPrefix + key])).length > 0;
}

const maxRowsPerWrite = 4096;

/** @param maxCharacters Of their values. @returns as many of the first rows as go into one transaction, at least one. */
export function firstFitting(rows: readonly TableRow[], maxCharacters: number): readonly TableRow[] {
  let count = 0;
  let characters = 0;
  for (const { value } of rows) {
    characters += value.length;
    if (count === maxRowsPerWrite || (count > 0 && characters > maxCharacters)) break;
    count += 1;
  }
  return rows.slice(0, count);
}

/** @returns undefined if there is none. */
export async function readNote(connection: Connection, name: string): Promise<string | undefined> {
  const [row] = await connection.query("SELECT value ->> '$.value' AS text FROM keyv WHERE key = ? AND json_valid(value)", [
    notePrefix + name,
  ]);
  return typeof row?.["text"] === "string" ? row["text"] : undefined;
}

/** As Keyv writes a text. */
export function noteRow(name: string, text: string): TableRow {
  return { key: notePrefix + name, value: JSON.stringify({ value: text }) };
}
