/**
 * Uses a disk cache as its parent says, one command a line on stdin, one line of JSON on stdout for each that is done:
 * `open`, `set FROM TO`, `get FROM TO` (how many it finds), `hold MS`, `modes` (of all files), `close`. Arguments: the path, and `unprivileged` to
 * give up root's power to write everywhere.
 */
import { readdirSync, statSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { openDiskCache } from "../../../../build/caches/disk/open-disk-cache.js";
import { answerOf, keyOf } from "./answers.js";

const [path, user] = process.argv.slice(2);
if (user === "unprivileged" && process.getuid() === 0) {
  // So that the module is loaded while it still may be read: the project can lie in a folder that is closed to others.
  await (await openDiskCache({ path: join(dirname(path), "nowhere.sqlite"), readOnly: true })).close();
  process.setuid(65534);
}
process.umask(0);
let cache;

const commands = {
  open: async () => {
    cache = await openDiskCache({ path });
  },
  set: async (from, to) => {
    await Promise.all(range(from, to).map((n) => cache.set(keyOf(n), answerOf(n))));
  },
  get: async (from, to) => {
    const found = await Promise.all(range(from, to).map((n) => cache.get(keyOf(n))));
    return found.filter((answer, index) => answer?.requestId === `req_${from + index}`).length;
  },
  /** One after the other, until one fails. @returns how many were stored. */
  fill: async (from, to) => {
    for (let n = from; n < to; n += 1) {
      try {
        await cache.set(keyOf(n), answerOf(n));
      } catch (error) {
        return { stored: n - from, error: `${error.name}: ${error.message}` };
      }
    }
    return { stored: to - from };
  },
  /** Says each answer's number as soon as it is stored, and never stops. */
  pour: async () => {
    let next = 0;
    const caller = async () => {
      for (;;) {
        const n = next++;
        await cache.set(keyOf(n), answerOf(n));
        writeSync(1, `${n}\n`);
      }
    };
    await Promise.all(Array.from({ length: 50 }, caller));
  },
  /** Keeps the file locked for so many milliseconds from now on, as `cache prune` does. */
  hold: async (milliseconds) => {
    const { KeyvSqlite } = await import("@keyv/sqlite");
    const database = new KeyvSqlite({ uri: path, busyTimeout: 5000 });
    await database.query("BEGIN EXCLUSIVE");
    setTimeout(() => void database.query("ROLLBACK").then(() => database.close()), milliseconds);
  },
  modes: async () => {
    const folder = dirname(path);
    const files = readdirSync(folder).map((name) => [name.replace(basename(path), ""), modeOf(join(folder, name))]);
    return { folder: modeOf(folder), ...Object.fromEntries(files) };
  },
  close: () => cache.close(),
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...numbers] = line.split(" ");
  writeSync(1, `${JSON.stringify(await outcomeOf(commands[name], numbers.map(Number)))}\n`);
}

function modeOf(file) {
  return (statSync(file).mode & 0o777).toString(8);
}

async function outcomeOf(command, numbers) {
  try {
    return (await command(...numbers)) ?? "done";
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
}

function range(from, to) {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
