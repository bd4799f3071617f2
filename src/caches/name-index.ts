import { answersTable, namesTable, type Query, recentNamesTable, type Row, startOf } from "./tables.ts";

/**
 * So many names are gathered before they are merged into the index in the database. Names are digests, so each goes to any page of it:
 * with a transaction for every two dozen answers, that was a page written for each answer, as much as the answers themselves.
 */
const mostRecentNames = 16_384;

/** A row of the index that names nothing: all up to its place have been merged. A blob, so that it is no name's start. */
const mergedMark = "x''";

/** Changes when another connection has written, not when this one has: https://sqlite.org/pragma.html#pragma_data_version */
export const versionSql = "(SELECT data_version FROM pragma_data_version)";

const stateSql = `
  SELECT (SELECT max(place) FROM ${answersTable}) AS last,
    (SELECT max(place) FROM ${namesTable} WHERE start = ${mergedMark}) AS merged, ${versionSql} AS version`;

const addRecentSql = `
  INSERT OR IGNORE INTO ${recentNamesTable}
  SELECT ${startOf("name")}, place FROM ${answersTable} WHERE place > ?1 AND place <= ?2`;

const forgetRecentSql = `DELETE FROM ${recentNamesTable} WHERE place <= ?1`;

const mergeSql = `
  INSERT OR IGNORE INTO ${namesTable}
  SELECT start, place FROM ${recentNamesTable} WHERE place <= ?1 UNION ALL SELECT ${mergedMark}, ?1`;

const haveTheSameName = `
  CROSS JOIN ${answersTable} AS answer ON answer.place = newer.place
  CROSS JOIN ${answersTable} AS replaced ON replaced.place = older.place AND replaced.name = answer.name`;

/** Of each recent answer those with the same name that were merged, and of several recent ones all but the last. */
const replacedSql = `
  SELECT older.start, older.place FROM ${recentNamesTable} AS newer
  CROSS JOIN ${namesTable} AS older ON older.start = newer.start AND older.place < newer.place
  ${haveTheSameName}
  WHERE newer.place <= ?1
  UNION ALL
  SELECT older.start, older.place FROM
    (SELECT start, max(place) AS place FROM ${recentNamesTable} WHERE place <= ?1 GROUP BY start HAVING count(*) > 1) AS newer
  CROSS JOIN ${recentNamesTable} AS older ON older.start = newer.start AND older.place < newer.place
  ${haveTheSameName}`;

const deleteAnswersSql = `DELETE FROM ${answersTable} WHERE place IN (SELECT value ->> 1 FROM json_each(?1))`;
const deleteNamesSql = (index: string): string =>
  `DELETE FROM ${index} WHERE (start, place) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))`;

/**
 * Where answers stand, by the starts of their names. Of the last few thousand answers that is not in the database: it is gathered in a
 * table in memory, and merged when there is enough. If the process dies before that, the next finds those answers behind the last place
 * that was merged. What this process has written itself is not even gathered before somebody asks for it.
 *
 * An entry may be wrong, because its answer was deleted: whoever finds a place has to compare the name that stands there.
 */
export class NameIndex {
  readonly #query: Query;
  /** All that stands up to here is in the database's index, all behind it and up to `#seen` in the one in memory. */
  #merged = 0;
  #seen = 0;
  /** Of what was seen. Undefined before anything was. */
  #version: unknown;
  /** By this process since; each name with the number of the write, for it may be written again while it is gathered. */
  readonly #written = new Map<string, number>();
  #writes = 0;
  #merging: Promise<void> | undefined;

  constructor(query: Query) {
    this.#query = query;
  }

  /** To be called after answers were written, and before they count. Merges when it is time. */
  add(names: readonly string[]): void {
    this.#writes += 1;
    for (const name of names) this.#written.set(name, this.#writes);
    if (this.#version === undefined || this.#isLarge) this.#merging ??= this.#mergeIfLarge();
  }

  /** Whether this process has written an answer with this name that no index has yet. */
  hasWritten(name: string): boolean {
    return this.#written.has(name);
  }

  /**
   * Runs a statement that is to see all that was committed before, by any process.
   *
   * @param sqlOf Makes the statement, whose last row has `versionSql` as `version`. It is told whether there are recent names.
   */
  async read(sqlOf: (hasRecent: boolean) => string, parameters: readonly unknown[]): Promise<readonly Row[]> {
    if (this.#version === undefined) await this.refresh();
    const version = this.#version;
    const rows = await this.#query(sqlOf(this.#hasRecent), parameters);
    if (rows.at(-1)?.["version"] === version) return rows;
    await this.refresh();
    return this.#query(sqlOf(this.#hasRecent), parameters);
  }

  /** Gathers the names of all answers that were committed before, by any process. */
  async refresh(): Promise<void> {
    const before = this.#writes;
    const [state] = await this.#query(stateSql);
    const last = Number(state?.["last"] ?? 0);
    const merged = Number(state?.["merged"] ?? 0);
    if (merged > this.#merged) await this.#forget(merged);
    if (last > this.#seen) {
      await this.#query(addRecentSql, [this.#seen, last]);
      this.#seen = Math.max(this.#seen, last);
    }
    this.#version = state?.["version"];
    for (const [name, write] of this.#written) if (write <= before) this.#written.delete(name);
  }

  /** Deletes answers that later ones with the same name have replaced, and merges all recent names. */
  async merge(): Promise<void> {
    await this.refresh();
    const upTo = this.#seen;
    if (upTo <= this.#merged) return;
    await this.#deleteReplaced(upTo);
    await this.#query(mergeSql, [upTo]);
    await this.#forget(upTo);
  }

  /** Waits for what is under way. */
  async idle(): Promise<void> {
    await this.#merging;
  }

  get #hasRecent(): boolean {
    return this.#seen > this.#merged;
  }

  get #isLarge(): boolean {
    return this.#seen - this.#merged + this.#written.size >= mostRecentNames;
  }

  /** If it does not succeed, because the disk is full, nothing is lost: it is tried again with the next answers. */
  async #mergeIfLarge(): Promise<void> {
    try {
      await this.refresh();
      if (this.#isLarge) await this.merge();
    } catch {
      // whoever reads hears of it
    }
    this.#merging = undefined;
  }

  async #forget(merged: number): Promise<void> {
    await this.#query(forgetRecentSql, [merged]);
    this.#merged = Math.max(this.#merged, merged);
    this.#seen = Math.max(this.#seen, merged);
  }

  /**
   * Before names are merged: whoever reads in the order of places knows an answer as replaced by the recent names alone. Another process
   * that looks for one of these names just now may miss the later answer, and asks.
   */
  async #deleteReplaced(upTo: number): Promise<void> {
    const rows = await this.#query(replacedSql, [upTo]);
    if (rows.length === 0) return;
    const replaced = JSON.stringify(rows.map(({ start, place }) => [start, place]));
    await this.#query(deleteAnswersSql, [replaced]);
    for (const index of [namesTable, recentNamesTable]) await this.#query(deleteNamesSql(index), [replaced]);
  }
}
