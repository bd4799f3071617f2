import { KeyvSqlite } from "@keyv/sqlite";
import { array, assert, asyncProperty, integer, record, string } from "fast-check";
import { EventEmitter, once } from "node:events";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { AnswerTable } from "../../src/caches/answer-table.ts";
import { openDiskCache } from "../../src/caches/disk.ts";
import { ReadAhead } from "../../src/caches/read-ahead.ts";
import { createTables, type Query } from "../../src/caches/tables.ts";
import { answerOf, keyOf } from "../contracts/cache-store.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const groupSize = 50;
const bytesPerRow = 100;

/** A real table, and every statement that it was asked. */
async function openTable() {
  const store = new KeyvSqlite(":memory:");
  onTestFinished(() => store.close());
  const statements: string[] = [];
  const query: Query = (sql, parameters = []) => {
    statements.push(sql);
    return store.query(sql, parameters);
  };
  await createTables(query);
  const table = new AnswerTable(query);
  const write = (numbers: readonly number[], textOf = (n: number) => `{"n":${n}}`): Promise<number> =>
    table.write(numbers.map((n) => ({ key: keyOf(n), texts: [textOf(n)] })));
  return { query, table, statements, write };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, n) => from + n);
}

/** Asks for rows as a run does: group after group, two at a time. @returns how many rows of each group were found. */
async function readAll(readAhead: ReadAhead, numbers: readonly number[]): Promise<number[]> {
  const shares: Promise<number>[] = [];
  for (let at = 0; at < numbers.length; at += groupSize) {
    if (shares.length > 1) await shares.at(-2);
    shares.push(readGroup(readAhead, numbers.slice(at, at + groupSize)));
  }
  return Promise.all(shares);
}

async function readGroup(readAhead: ReadAhead, group: readonly number[]): Promise<number> {
  const found = await readAhead.read(group.map(keyOf), bytesPerRow);
  if (found.length === 0) readAhead.observeLookUp(true);
  for (const [place, text] of found.entries()) if (text !== undefined) expect(text).toBe(`{"n":${group[place]}}`);
  return found.filter((text) => text !== undefined).length;
}

/** The order in which answers come when some take longer than others: none moves by `most` places or more. */
function disordered(numbers: readonly number[], most: number): number[] {
  const late = numbers.map((n, place) => ({ n, place: place + ((n * 7919) % most) }));
  return late.toSorted((one, other) => one.place - other.place).map(({ n }) => n);
}

const isWanted = (n: number): boolean => n % 4 !== 0;

const lookUps = (statements: readonly string[]): number =>
  statements.filter((sql) => sql.includes("answer.place AS found")).length;

describe("read-ahead", () => {
  it("finds all rows without looking at a key, once it knows where the first of them stands", async () => {
    const { table, statements, write } = await openTable();
    await write(range(0, 1000));
    const [first, ...others] = await readAll(new ReadAhead(table), range(0, 1000));
    expect(first).toBe(0); // it waits for a group of which all was known
    expect(others.slice(1)).toEqual(others.slice(1).map(() => groupSize));
    expect(lookUps(statements)).toBe(1);
  });

  it("finds nearly all rows where answers came in another order than their requests", async () => {
    const { table, write } = await openTable();
    await write(disordered(range(0, 2000), 60));
    const shares = await readAll(new ReadAhead(table), range(0, 2000));
    const later = shares.slice(5).reduce((sum, share) => sum + share, 0);
    expect(later).toBeGreaterThan(0.95 * (shares.length - 5) * groupSize);
  });

  it("catches up with rows that stand behind its range", async () => {
    const { table, write } = await openTable();
    const ofAnotherRun = range(5000, 5120);
    await write([...range(0, 60), ...ofAnotherRun, ...range(60, 1000)]);
    const shares = await readAll(new ReadAhead(table), range(0, 1000));
    expect(shares.slice(8)).toEqual(shares.slice(8).map(() => groupSize));
  });

  it("finds more than half where rows of another run stand among them", async () => {
    const { table, write } = await openTable();
    await write(range(0, 2000).flatMap((n) => (n % 3 === 0 ? [n, 5000 + n] : [n])));
    const shares = await readAll(new ReadAhead(table), range(0, 2000));
    expect(shares.slice(5).reduce((sum, share) => sum + share, 0)).toBeGreaterThan(0.6 * (shares.length - 5) * groupSize);
  });

  it("goes out of use where rows stand in no order, and asks less and less often whether they do", async () => {
    const { table, statements, write } = await openTable();
    await write(range(0, 10_000).toSorted((one, other) => keyOf(one).localeCompare(keyOf(other))));
    await readAll(new ReadAhead(table), range(0, 10_000));
    const ranges = statements.filter((sql) => sql.includes("place >= ?1")).length;
    expect(ranges).toBeGreaterThan(3);
    expect(ranges).toBeLessThan(40); // of 200 groups
    expect(lookUps(statements)).toBeLessThan(12);
  });

  it("keeps a bounded part of what it read, however much of that nobody wants", async () => {
    const { table, write } = await openTable();
    await write(range(0, 10_000), (n) => `{"n":${n},"text":"${"x".repeat(isWanted(n) ? 10 : 20_000)}"}`);
    const readAhead = new ReadAhead(table);
    readAhead.observeLookUp(true);
    for (let at = 0; at < 10_000; at += 100)
      await readAhead.read(
        range(at, at + 100)
          .filter(isWanted)
          .map(keyOf),
        bytesPerRow,
      );
    const unwanted = range(0, 10_000).filter((n) => !isWanted(n));
    const found = await readAhead.read(unwanted.map(keyOf), bytesPerRow);
    const count = found.filter((text) => text !== undefined).length;
    expect(count).toBeGreaterThan(100); // it was in use to the end
    expect(count).toBeLessThan(250); // 20 KB each
  });

  it("reads nothing where rows are long: to find them is the least part of it", async () => {
    const { table, statements, write } = await openTable();
    await write([1, 2, 3]);
    const readAhead = new ReadAhead(table);
    readAhead.observeLookUp(true);
    statements.length = 0;
    expect(await readAhead.read([keyOf(1)], 8000)).toEqual([]);
    expect(statements).toEqual([]);
    expect(await readAhead.read([keyOf(1)], 800)).toEqual(['{"n":1}']);
  });

  it("can be read again after a statement that failed", async () => {
    const { query, write } = await openTable();
    await write([1, 2, 3]);
    let failures = 2;
    const failing = new AnswerTable(async (sql, parameters) => {
      failures -= 1;
      if (failures >= 0) throw new Error("the disk is away");
      return query(sql, parameters);
    });
    const readAhead = new ReadAhead(failing);
    readAhead.observeLookUp(true);
    await expect(readAhead.read([keyOf(1)], bytesPerRow)).rejects.toThrow("the disk is away");
    await expect(readAhead.read([keyOf(1)], bytesPerRow)).rejects.toThrow("the disk is away");
    expect(await readAhead.read([keyOf(1)], bytesPerRow)).toEqual(['{"n":1}']);
  });

  it("lets groups take what they want in their order, though their ranges may be read in another", async () => {
    const { query, write } = await openTable();
    await write([...range(100, 150), ...range(0, 100), ...range(150, 300)]);
    const reads = new EventEmitter();
    let ranges = 0;
    const slow = new AnswerTable(async (sql, parameters) => {
      const rows = await query(sql, parameters);
      if (sql.includes("place >= ?1")) ranges += 1;
      if (ranges === 1 && sql.includes("place >= ?1")) await once(reads, "second");
      if (ranges === 2) setImmediate(() => reads.emit("second"));
      return rows;
    });
    const readAhead = new ReadAhead(slow);
    readAhead.observeLookUp(true);
    const groups = await Promise.all(
      [range(0, 100), range(100, 200)].map((group) => readAhead.read(group.map(keyOf), bytesPerRow)),
    );
    expect(groups).toEqual([range(0, 100), range(100, 200)].map((group) => group.map((n) => `{"n":${n}}`)));
  });

  it("does not stumble over strange rows", async () => {
    const { query, table, write } = await openTable();
    await write(range(0, 10));
    const strange = [keyOf(10), keyOf(11), keyOf(12)];
    await query("INSERT INTO llmbatch_answers_1 (name, value) VALUES (?, ''), (?, 7), (?, x'00ff'), ('', '{}')", strange);
    await write([13], () => '{"text":"é 値 😀"}');
    const readAhead = new ReadAhead(table);
    readAhead.observeLookUp(true);
    const found = await readAhead.read(range(0, 20).map(keyOf), bytesPerRow);
    expect(found.slice(0, 10)).toEqual(range(0, 10).map((n) => `{"n":${n}}`));
    expect(found.slice(10, 14)).toEqual(["", "7", "\0\uFFFD", '{"text":"é 値 😀"}']);
    expect(found.slice(14)).toEqual(range(14, 20).map(() => undefined));
  });

  it("does not give an answer that a later one has replaced", async () => {
    const { table, write } = await openTable();
    await write(range(0, 100));
    await write([7, 13], () => '{"later":true}');
    for (const isMerged of [false, true]) {
      if (isMerged) await table.deleteReplaced();
      const readAhead = new ReadAhead(table);
      readAhead.observeLookUp(true);
      const found = await readAhead.read(range(0, 40).map(keyOf), bytesPerRow);
      expect([found[6], found[7], found[13]]).toEqual(['{"n":6}', undefined, undefined]); // these are looked up by their keys
      expect(await table.read([keyOf(7), keyOf(13)])).toEqual(['{"later":true}', '{"later":true}']);
    }
  });
});

describe("a disk cache that reads ahead", () => {
  it("finds the same answers by many keys as by each one, wherever their rows stand and in whatever order they are wanted", async () => {
    const cache = await openDiskCache({ path: join(temporaryFolder(), "cache.sqlite") });
    onTestFinished(() => cache.close());
    const numbers = array(integer({ min: 0, max: 40 }), { maxLength: 60 });
    let run = 0;
    await assert(
      asyncProperty(
        record({ stored: numbers, sorted: integer({ min: 0, max: 2 }), wanted: numbers, text: string() }),
        async (batch) => {
          run += 1;
          const name = (n: number): string => keyOf(run * 1000 + n);
          const body = (n: number): string => JSON.stringify({ n, text: batch.text });
          const order = batch.sorted === 0 ? batch.wanted : range(0, 40).filter((n) => n % batch.sorted === 0);
          await Promise.all(batch.stored.map((n) => cache.set(name(n), answerOf(body(n)))));
          const found: (string | undefined)[] = [];
          while (found.length < order.length) {
            const answers = await cache.getMany(order.slice(found.length).slice(0, 8).map(name));
            found.push(...answers.map((answer) => answer?.body));
          }
          expect(found).toEqual(order.map((n) => (batch.stored.includes(n) ? body(n) : undefined)));
        },
      ),
    );
  });
});
