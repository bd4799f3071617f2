import { readdirSync, readlinkSync, statSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Spool } from "../../../src/manager/queues/spool.ts";

/** Of 1 to 4 bytes each in UTF-8. fast-check's unit "binary" takes seconds to make. */
const anyText = fc.string({ unit: fc.constantFrom("\0", "a", "\n", "é", "\u2028", "😀") });

it("gives back every text, whatever the order of reading", () => {
  const spool = new Spool();
  fc.assert(
    fc.property(fc.array(fc.tuple(anyText, fc.nat())), (entries) => {
      const records = entries.map(([entry, rank]) => ({ entry, rank, record: spool.append(entry) }));
      for (const { entry, record } of records.toSorted((a, b) => a.rank - b.rank)) expect(spool.read(record)).toBe(entry);
    }),
    { numRuns: 20 },
  );
  spool.close();
});

it("gives back texts that fill many chunks, and texts larger than a chunk", () => {
  const spool = new Spool();
  const texts = Array.from({ length: 3_000 }, (_, index) => `${index}:`.padEnd(index % 500 === 0 ? 600_000 : 300, "é"));
  const records = texts.map((text) => spool.append(text));
  for (const [index, record] of records.entries()) expect(spool.read(record)).toBe(texts[index]);
  spool.close();
});

it("leaves nothing on disk that a crash could leave behind", async () => {
  const directory = await mkdtemp(join(tmpdir(), "spool-test-"));
  const spool = new Spool(directory);
  spool.append("an answer".repeat(100_000));
  expect(readdirSync(directory)).toEqual([]);
  spool.close();
});

it.runIf(process.platform === "linux")("is for its owner alone even while it has a name", () => {
  const spool = new Spool();
  const descriptors = readdirSync("/proc/self/fd").map((name) => `/proc/self/fd/${name}`);
  const spools = descriptors.filter((path) => linkTarget(path).includes(".llmbatch-spool-"));
  expect(spools.map((path) => (statSync(path).mode & 0o777).toString(8))).toEqual(["600"]);
  spool.close();
});

/** The descriptor that listed the folder is closed by now. */
function linkTarget(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
