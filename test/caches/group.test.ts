import { EventEmitter, once } from "node:events";
import { describe, expect, it } from "vitest";
import { Grouped } from "../../src/caches/group.ts";

/** Records the groups it is given; each waits until it is let go. */
class Recorder {
  readonly groups: string[][] = [];
  readonly #gates: Gate[] = [];
  readonly grouped: Grouped<string, string>;

  constructor(limits: { maxItems?: number; maxBytes?: number; maxGroups?: number } = {}) {
    this.grouped = new Grouped({
      run: async (items) => {
        this.groups.push([...items]);
        const gate = createGate();
        this.#gates.push(gate);
        await gate.opened;
        return items.map((item) => item.toUpperCase());
      },
      bytesOf: (item) => item.length,
      maxItems: 100,
      maxBytes: 100,
      maxGroups: 1,
      ...limits,
    });
  }

  /** Waits for the n-th group to be under way. */
  async started(n: number): Promise<Gate> {
    for (;;) {
      const gate = this.#gates[n];
      if (gate !== undefined) return gate;
      await nextTurn();
    }
  }

  async finishAll(): Promise<void> {
    const progress = { isOver: false };
    const idle = this.grouped.idle().then(() => (progress.isOver = true));
    while (!progress.isOver) {
      for (const gate of this.#gates) gate.resolve();
      await nextTurn();
    }
    await idle;
  }
}

describe("Grouped", () => {
  it("makes one group of all calls of one burst", async () => {
    const recorder = new Recorder();
    const results = Promise.all(["a", "b", "c"].map((item) => recorder.grouped.add(item)));
    await recorder.finishAll();
    expect(await results).toEqual(["A", "B", "C"]);
    expect(recorder.groups).toEqual([["a", "b", "c"]]);
  });

  it("gathers what comes while a group is under way, and runs one group at a time", async () => {
    const recorder = new Recorder();
    const first = recorder.grouped.add("a");
    const gate = await recorder.started(0);
    const second = recorder.grouped.add("b");
    await nextTurn();
    const third = recorder.grouped.add("c");
    await nextTurn();
    expect(recorder.groups).toEqual([["a"]]);
    gate.resolve();
    await recorder.finishAll();
    expect(await Promise.all([first, second, third])).toEqual(["A", "B", "C"]);
    expect(recorder.groups).toEqual([["a"], ["b", "c"]]);
  });

  it("begins another group while one is under way once that is worth it, and never more than may be", async () => {
    const recorder = new Recorder({ maxItems: 24, maxBytes: 1000, maxGroups: 2 });
    const items = Array.from({ length: 73 }, (_, n) => `item ${n}`);
    const results = [recorder.grouped.add("item 0")];
    const first = await recorder.started(0);
    results.push(...items.slice(1, 24).map((item) => recorder.grouped.add(item)));
    await nextTurn();
    await nextTurn();
    expect(recorder.groups).toEqual([["item 0"]]);
    results.push(...items.slice(24).map((item) => recorder.grouped.add(item)));
    await recorder.started(1);
    await nextTurn();
    expect(recorder.groups.slice(1)).toEqual([items.slice(1, 25)]);
    first.resolve();
    await recorder.started(2);
    expect(recorder.groups.slice(2)).toEqual([items.slice(25, 49)]);
    await recorder.finishAll();
    expect(recorder.groups.flat()).toEqual(items);
    expect(await Promise.all(results)).toEqual(items.map((item) => item.toUpperCase()));
  });

  it("keeps to the most items and the most bytes of a group, in the order they came", async () => {
    const recorder = new Recorder({ maxItems: 3, maxBytes: 5 });
    const items = ["a", "b", "c", "d", "eeeee", "f", "too large for any", "g"];
    const results = Promise.all(items.map((item) => recorder.grouped.add(item)));
    await recorder.finishAll();
    expect(recorder.groups).toEqual([["a", "b", "c"], ["d"], ["eeeee"], ["f"], ["too large for any"], ["g"]]);
    expect(await results).toEqual(items.map((item) => item.toUpperCase()));
  });

  it("fails the items of a failed group, and goes on with the next", async () => {
    const recorder = new Recorder({ maxItems: 2 });
    const results = Promise.allSettled(["a", "b", "c"].map((item) => recorder.grouped.add(item)));
    (await recorder.started(0)).reject(new Error("disk full"));
    await recorder.finishAll();
    expect(await results).toMatchObject([
      { status: "rejected", reason: { message: "disk full" } },
      { status: "rejected", reason: { message: "disk full" } },
      { status: "fulfilled", value: "C" },
    ]);
  });

  it("is idle only when what was added in between is done too", async () => {
    const recorder = new Recorder();
    await recorder.grouped.idle();
    const order: string[] = [];
    const first = recorder.grouped.add("a").then(() => {
      order.push("a");
      return recorder.grouped.add("b").then(() => order.push("b"));
    });
    const idle = recorder.grouped.idle().then(() => order.push("idle"));
    await recorder.finishAll();
    await Promise.all([first, idle]);
    expect(order).toEqual(["a", "b", "idle"]);
  });
});

interface Gate {
  readonly opened: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

function createGate(): Gate {
  const events = new EventEmitter();
  return {
    opened: once(events, "open").then(() => undefined),
    resolve: () => void events.emit("open"),
    reject: (error) => void events.emit("error", error),
  };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
