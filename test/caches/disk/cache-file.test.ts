import { KeyvSqlite } from "@keyv/sqlite";
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openDiskCache } from "../../../src/caches/disk/open-disk-cache.ts";
import { CacheError } from "../../../src/model/errors.ts";
import { fingerprint } from "../../../src/model/fingerprint.ts";
import { answerOf, keyOf } from "../../contracts/cache-store.ts";
import { questions, Workplace } from "../../e2e/cli.ts";
import { serve } from "../../support/closing.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { answerTo, questionOf, randomNumbers, runArguments } from "../../trials/commands.ts";

const lines = 20;

/** A user whose run is over, and the same run again. */
async function ranOnce() {
  const server = await serve(answerTo);
  const user = new Workplace();
  const path = user.path("cache/llmbatch/cache.sqlite");
  user.write("in.jsonl", questions(lines));
  const run = () => user.runHere(runArguments(server));
  expect(await run()).toMatchObject({ code: 0, stderr: "" });
  return { server, user, path, run, output: user.read("out.jsonl") };
}

async function query(path: string, ...statements: string[]): Promise<unknown[]> {
  const database = new KeyvSqlite(path);
  const results: unknown[] = [];
  for (const statement of statements) results.push(await database.query(statement));
  await database.close();
  return results;
}

describe("the disk cache's file", () => {
  it("is read by any program with Keyv: an answer by its fingerprint", async () => {
    const { server, path } = await ranOnce();
    const names = questions(2).map(({ body }) => fingerprint(`${server.url}/v1/chat/completions`, JSON.stringify(body)));
    const script = join(import.meta.dirname, "children", "read-with-keyv.js");
    const printed = execFileSync(process.execPath, [script, path, ...names, keyOf(1)], { encoding: "utf8" }).split("\n");
    expect(printed.slice(0, 2).map((line) => JSON.parse(line).body.choices[0].message.content)).toEqual([
      "answer to question 1",
      "answer to question 2",
    ]);
    expect(printed.slice(2)).toEqual(["undefined", ""]);
  });

  it("never gives changed answers: the request of a damaged row is sent again, and that is said once", async () => {
    const { server, user, path, run, output } = await ranOnce();
    await query(path, `UPDATE keyv SET value = replace(value, 'answer to question 1', 'answer of question 1')`);
    const { code, stderr } = await run();
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `llmbatch: the cache ${path} is damaged: answers are not what was stored (their checksums do not fit). Their requests are sent again.\n`,
    });
    expect(user.read("out.jsonl")).toBe(output);
    const damaged = questions(lines).flatMap((_, index) => (String(index + 1).startsWith("1") ? index + 1 : []));
    expect(
      server.ledger
        .slice(lines)
        .map(questionOf)
        .toSorted((a, b) => a - b),
    ).toEqual(damaged);
    expect(await run()).toMatchObject({ code: 0, stderr: "" });
    expect(server.ledger).toHaveLength(lines + damaged.length);
  });

  it("gives each answer as it was stored or not at all, whichever bits of it were flipped", async () => {
    const folder = temporaryFolder();
    const [good, path] = [join(folder, "good.sqlite"), join(folder, "cache.sqlite")];
    const keys = Array.from({ length: 100 }, (_, n) => keyOf(n));
    const bodies = keys.map((_, n) => JSON.stringify({ n, text: "x".repeat((n * 97) % 3000) }));
    const cache = await openDiskCache({ path: good });
    await Promise.all(keys.map((key, n) => cache.set(key, answerOf(bodies[n] ?? ""))));
    await cache.close();
    const bytes = readFileSync(good);
    const random = randomNumbers(1);
    const tally = { changed: 0, missing: 0, refused: 0 };
    for (let round = 0; round < 40; round += 1) {
      const flipped = Buffer.from(bytes);
      for (let flips = 0; flips < 20; flips += 1) {
        const at = Math.floor(random() * bytes.length);
        flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << Math.floor(random() * 8)), at);
      }
      writeFileSync(path, flipped);
      try {
        const reader = await openDiskCache({ path, onWarning: () => undefined });
        const found = await Promise.all(keys.map((key) => reader.get(key))).finally(() => reader.close());
        tally.missing += found.filter((answer) => answer === undefined).length;
        tally.changed += found.filter((answer, n) => answer !== undefined && answer.body !== bodies[n]).length;
      } catch (error) {
        if (!(error instanceof CacheError)) throw error;
        tally.refused += 1;
      }
    }
    expect(tally.changed).toBe(0);
    expect(tally.missing).toBeGreaterThan(100);
    expect(tally.refused).toBeLessThan(40);
  });

  it("of an earlier version is not read, which is said once, and stays as it is", async () => {
    const { server, user, path, run } = await ranOnce();
    const earlier = user.path("earlier.sqlite");
    await query(
      earlier,
      "CREATE TABLE llmbatch_answers_1 (place INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, value TEXT NOT NULL)",
      "CREATE TABLE llmbatch_names_1 (start TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (start, place)) WITHOUT ROWID",
      "INSERT INTO llmbatch_answers_1 (name, value) VALUES ('a', '{}')",
      `INSERT INTO keyv VALUES ('llmbatch-notes-1:a', '{"value":"b"}')`,
    );
    copyFileSync(earlier, path);
    const { code, stderr } = await run();
    expect(code).toBe(0);
    expect(stderr).toBe(
      `llmbatch: the cache ${path} holds answers of an earlier version of llmbatch, which this version does not read: those requests are sent again. ` +
        'They stay in the file until "llmbatch cache clear" deletes all answers.\n',
    );
    expect(server.ledger).toHaveLength(2 * lines);
    expect(await run()).toMatchObject({ code: 0, stderr: "" });
    expect(server.ledger).toHaveLength(2 * lines);
    const tables = ["llmbatch_answers_1", "llmbatch_names_1", "keyv WHERE key GLOB 'llmbatch-notes-1:*'"];
    const counts = await query(path, ...tables.map((table) => `SELECT count(*) AS rows FROM ${table}`));
    expect(counts).toEqual([[{ rows: 1 }], [{ rows: 0 }], [{ rows: 1 }]]);
    expect((await user.runHere(["cache", "clear"])).stdout).toBe(`${lines + 1} answers removed\n`);
  });
});
