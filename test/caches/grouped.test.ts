import { EventEmitter, once } from "node:events";
import { describe, expect, it } from "vitest";
import { Grouped } from "../../src/caches/grouped.ts";

/** Records its groups; each waits until its gate opens. */
class Recorder {
  readonly groups: string[][] = [];
  readonly #gates: Gate[] = [];
  readonly grouped: Grouped<string, string>;

  constructor() {
    this.grouped = new Grouped(async (items) => {
      this.groups.push([...items]);
      const gate = createGate();
      this.#gates.push(gate);
      await gate.opened;
      return items.map((item) => item.toUpperCase());
    });
  }

  /** Waits until the n-th group is in flight. */
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

  it("gathers what comes while a group is in flight, and runs one group at a time", async () => {
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

  it("puts what a group left undone at the head of the next", async () => {
    const groups: string[][] = [];
    const grouped = new Grouped<string, string>(async (items) => {
      groups.push([...items]);
      return items.slice(0, 2).map((item) => item.toUpperCase());
    });
    expect(await Promise.all(["a", "b", "c", "d", "e"].map((item) => grouped.add(item)))).toEqual(["A", "B", "C", "D", "E"]);
    expect(groups).toEqual([["a", "b", "c", "d", "e"], ["c", "d", "e"], ["e"]]);
  });

  it("fails the items of a failed group, and goes on with the next", async () => {
    const recorder = new Recorder();
    const results = ["a", "b"].map((item) => recorder.grouped.add(item));
    const failing = await recorder.started(0);
    results.push(recorder.grouped.add("c"));
    failing.reject(new Error("disk full"));
    const settled = Promise.allSettled(results);
    await recorder.finishAll();
    expect(await settled).toMatchObject([
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
