import { NameIndex, versionSql } from "./name-index.ts";
import { type AnswerRow, RowPacker } from "./packed-rows.ts";
import { answersTable, namesTable, type Query, recentNamesTable, type Row, startOf } from "./tables.ts";

/** As many rows as `?2` has places for, cut out of `?1`. */
const writeSql = `
  INSERT INTO ${answersTable} (name, value)
  SELECT value ->> 0, CAST(substr(?1, value ->> 1, value ->> 2) AS TEXT) FROM json_each(?2)`;

const named = (column: string, index: string): string => `
  SELECT wanted.key AS wanted, answer.${column} AS found, NULL AS version
  FROM json_each(?1) AS wanted
  CROSS JOIN ${index} AS named ON named.start = ${startOf("wanted.value")}
  CROSS JOIN ${answersTable} AS answer ON answer.place = named.place AND answer.name = wanted.value`;

/** Of answers with the same name the last comes last: recent names are those of later answers. */
const findSql =
  (column: string) =>
  (hasRecent: boolean): string =>
    [named(column, namesTable), ...(hasRecent ? [named(column, recentNamesTable)] : []), `SELECT NULL, NULL, ${versionSql}`].join(
      " UNION ALL ",
    );

const readSql = findSql("value");
const locateSql = findSql("place");

/** Texts in one buffer: as values of their own, each would be copied about, and made an object of, one by one. */
const rangeSql = (hasRecent: boolean): string => `
  SELECT json_group_array(name) AS names, json_group_array(length(CAST(value AS BLOB))) AS lengths,
    CAST(group_concat(value, '') AS BLOB) AS bytes, ${versionSql} AS version
  FROM (
    SELECT name, value FROM ${answersTable} AS answer WHERE place >= ?1 AND place < ?2 ${hasRecent ? notReplacedSql : ""})`;

/** A recent answer seems to have the same name. */
const notReplacedSql = `
  AND NOT EXISTS (SELECT 1 FROM ${recentNamesTable} WHERE start = ${startOf("answer.name")} AND place > answer.place)`;

/**
 * The answers of a cache, in the order in which they were written, each under its name. Nothing is written over: a later answer
 * with the same name counts, and the earlier one is deleted some time.
 */
export class AnswerTable {
  readonly #query: Query;
  readonly #names: NameIndex;
  readonly #packer = new RowPacker();

  /** @param query On a connection that `createTables` was called for. */
  constructor(query: Query) {
    this.#query = query;
    this.#names = new NameIndex(query);
  }

  /** Writes all rows in one transaction; of rows with the same name the last counts. @returns how many bytes they are. */
  async write(rows: readonly AnswerRow[]): Promise<number> {
    const written = await this.#packer.pack(rows, async ({ bytes, places }) => {
      await this.#query(writeSql, [bytes, places]);
      return bytes.length;
    });
    this.#names.add(rows.map(({ key }) => key));
    return written;
  }

  /** Reads answers in one statement. @returns what stands in each, in the order of `names`; undefined where there is none. */
  async read(names: readonly string[]): Promise<unknown[]> {
    const texts = Array.from<unknown>({ length: names.length });
    for (const { wanted, found } of await this.#find(readSql, names)) if (wanted !== null) texts[Number(wanted)] = found;
    return texts;
  }

  /** @returns the place of an answer in the order in which answers were written. */
  async locate(name: string): Promise<number | undefined> {
    const row = (await this.#find(locateSql, [name])).findLast(({ wanted }) => wanted !== null);
    return row === undefined ? undefined : Number(row["found"]);
  }

  /** Reads the answers that stand from one place up to another, in one statement. It leaves out those that have been replaced. */
  async readRange(from: number, to: number): Promise<NamedText[]> {
    const [row] = await this.#names.read(rangeSql, [from, to]);
    const bytes = row?.["bytes"];
    if (!Buffer.isBuffer(bytes)) return []; // there are no rows
    const names: unknown[] = JSON.parse(String(row?.["names"]));
    const lengths: unknown[] = JSON.parse(String(row?.["lengths"]));
    if (names.some((name) => this.#names.hasWritten(String(name)))) {
      await this.#names.refresh();
      return this.readRange(from, to);
    }
    let start = 0;
    return names.map((name, place) => {
      const end = start + Number(lengths[place]);
      const text = bytes.toString("utf8", start, end);
      start = end;
      return { name: String(name), text };
    });
  }

  /** Deletes answers that later ones with the same name have replaced. */
  deleteReplaced(): Promise<void> {
    return this.#names.merge();
  }

  /** Waits for what is under way. */
  idle(): Promise<void> {
    return this.#names.idle();
  }

  async #find(sqlOf: (hasRecent: boolean) => string, names: readonly string[]): Promise<readonly Row[]> {
    if (names.some((name) => this.#names.hasWritten(name))) await this.#names.refresh();
    return this.#names.read(sqlOf, [JSON.stringify(names)]);
  }
}

export interface NamedText {
  readonly name: string;
  readonly text: string;
}
