import { setImmediate } from "node:timers/promises";
import { array, assert, asyncProperty, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { type AnswerRow, type PackedRows, RowPacker } from "../../src/caches/packed-rows.ts";

function unpack({ bytes, places }: PackedRows): [key: string, text: string][] {
  const rows: [string, number, number][] = JSON.parse(places);
  return rows.map(([key, from, count]) => [key, Buffer.from(bytes).toString("utf8", from - 1, from - 1 + count)]);
}

function joined(rows: readonly AnswerRow[]): [key: string, text: string][] {
  return rows.map(({ key, texts }) => [key, texts.join("")]);
}

describe("packed rows", () => {
  it("are cut apart where they were put together, whatever texts they are of", async () => {
    const packer = new RowPacker();
    const texts = array(string({ unit: "grapheme" }), { maxLength: 3 });
    await assert(
      asyncProperty(array(texts), async (all) => {
        const rows = all.map((each, number) => ({ key: `"${number}\\`, texts: each }));
        expect(await packer.pack(rows, async (packed) => unpack(packed))).toEqual(joined(rows));
      }),
    );
  });

  it("find room for a row that is larger than all before, and keep those", async () => {
    const rows = ["a", "é".repeat(300_000), "b", "x".repeat(5_000_000), "c"].map((text, place) => ({
      key: `${place}`,
      texts: [text, "."],
    }));
    const packer = new RowPacker();
    for (const group of [rows, rows.toReversed(), rows.slice(0, 1)])
      expect(await packer.pack(group, async (packed) => unpack(packed))).toEqual(joined(group));
  });

  it("stay as they are while they are used, though others are packed meanwhile", async () => {
    const packer = new RowPacker();
    const groups = ["first", "second", "third"].map((text) => [{ key: text, texts: [text.repeat(10_000)] }]);
    await packer.pack([], async () => undefined); // there is a buffer to be used again
    const unpacked = groups.map((rows) =>
      packer.pack(rows, async (packed) => {
        await setImmediate(); // all are packed by then
        return unpack(packed);
      }),
    );
    expect(await Promise.all(unpacked)).toEqual(groups.map((rows) => joined(rows)));
  });
});
