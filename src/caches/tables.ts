/** Runs one SQL statement; rejects with CacheError. Each statement is a transaction of its own. */
export type Query = (sql: string, parameters?: readonly unknown[]) => Promise<readonly Row[]>;

/** Columns by name. Any process may have written them, so their types are not known. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * Of new databases, twice what is usual: each page is written on its own, and an answer of 8 KB takes one and an eighth of these, but
 * two and an eighth of the usual ones. In return, an answer that is committed alone adds twice as much to the log.
 */
export const pageBytes = 8192;

/** Whoever changes the form of rows must change these names as well: tables of another form are never looked at. */
export const answersTable = "llmbatch_answers_1";
export const namesTable = "llmbatch_names_1";

/** All tables of all versions, but Keyv's own, which holds notes. */
export const anyAnswersTable = "llmbatch_answers_*";
export const anyTable = "llmbatch_*";

/** This connection's own, in memory: names of answers that `namesTable` does not have yet. */
export const recentNamesTable = "temp.recent_names";

const createSql = [
  // AUTOINCREMENT: the place of a deleted answer must not come up again, for it may still be in an index
  `CREATE TABLE IF NOT EXISTS ${answersTable} (place INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, value TEXT NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS ${namesTable} (start TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (start, place)) WITHOUT ROWID`,
  "PRAGMA temp_store = MEMORY",
  `CREATE TABLE IF NOT EXISTS ${recentNamesTable} (start TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (start, place)) WITHOUT ROWID`,
];

/** To be called once for each connection that reads or writes answers. */
export async function createTables(query: Query): Promise<void> {
  for (const sql of createSql) await query(sql);
}

/** What an index holds of a name: enough to tell all digests apart, while an entry is a quarter as long. */
export function startOf(nameSql: string): string {
  return `substr(${nameSql}, 1, 8)`;
}
