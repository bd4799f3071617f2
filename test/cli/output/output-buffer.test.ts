import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OutputBuffer } from "../../../src/cli/output/output-buffer.ts";
import { anyCodeUnit } from "../scripts.ts";

const line = `${"x".repeat(1023)}\n`;

describe("OutputBuffer", () => {
  it("hands over exactly the bytes of the texts, in their order, whatever their sizes and however the sends are timed", async () => {
    const small = fc.string({ unit: anyCodeUnit, maxLength: 40 });
    const large = fc
      .tuple(fc.constantFrom("a", "é", "日", "😀", "\ud800"), fc.nat(200_000))
      .map(([unit, times]) => unit.repeat(times));
    const anyText = fc.oneof({ arbitrary: small, weight: 8 }, { arbitrary: large, weight: 1 });
    const anyTexts = fc.array(fc.record({ text: anyText, waits: fc.boolean() }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(anyTexts, fc.infiniteStream(fc.nat(3)), async (texts, turns) => {
        const sent: Buffer[] = [];
        const buffer = new OutputBuffer(async (bytes) => {
          const before = Buffer.from(bytes);
          for (let left = turns.next().value ?? 0; left > 0; left -= 1) await nextTurn();
          expect(bytes.equals(before)).toBe(true);
          sent.push(before);
        });
        for (const { text, waits } of texts) {
          const pending = buffer.write([text]);
          if (waits) await pending;
        }
        await buffer.flush();
        expect(Buffer.concat(sent).equals(Buffer.concat(texts.map(({ text }) => Buffer.from(text))))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("sends the lines of one turn of the event loop at once, and what came meanwhile in one piece", async () => {
    const sends = new HeldSends();
    const buffer = new OutputBuffer(sends.send);
    buffer.write(["first\n"]);
    buffer.write(["second\n"]);
    await nextTurn();
    buffer.write(["third\n"]);
    buffer.write(["fourth\n"]);
    expect(sends.texts).toEqual(["first\nsecond\n"]);
    sends.letGo();
    await nextTurn();
    await nextTurn();
    expect(sends.texts).toEqual(["first\nsecond\n", "third\nfourth\n"]);
    sends.letGo();
    await buffer.flush();
  });

  it("asks the writer to wait once 2 MiB stand in line, and lets it go on when they are taken", async () => {
    const sends = new HeldSends();
    const buffer = new OutputBuffer(sends.send);
    let accepted = 0;
    let pending: Promise<void> | undefined;
    while (pending === undefined) {
      pending = buffer.write([line]);
      accepted += line.length;
    }
    expect(accepted).toBe(2 * 1024 * 1024);
    let goesOn = false;
    const waiting = pending.then(() => (goesOn = true));
    await nextTurn();
    expect(goesOn).toBe(false);
    sends.letGo();
    await waiting;
    expect(buffer.write([line])).toBeUndefined();
    sends.letGo();
    await nextTurn();
    sends.letGo();
    await buffer.flush();
  });

  it("reports a failed send at the next call, for ever, and sends nothing after it", async () => {
    const failure = new Error("the disk is full");
    let sends = 0;
    const buffer = new OutputBuffer(async () => {
      sends += 1;
      throw failure;
    });
    expect(buffer.write(["a"])).toBeUndefined();
    expect(buffer.write(["b"])).toBeUndefined();
    await nextTurn();
    await expect(buffer.write(["c"])).rejects.toBe(failure);
    await expect(buffer.flush()).rejects.toBe(failure);
    await expect(buffer.flushUnlessReported()).resolves.toBeUndefined();
    expect(sends).toBe(1);
  });

  it("refuses a text after the end, where it would be lost", async () => {
    const buffer = new OutputBuffer(async () => undefined);
    buffer.write(["a"]);
    await buffer.flush();
    await buffer.end(
      () => buffer.flush(),
      async () => undefined,
    );
    await expect(buffer.write(["b"])).rejects.toThrow("after its end");
  });
});

/** Sends that last until the test lets them go. */
class HeldSends {
  readonly texts: string[] = [];
  #resolve: (() => void) | undefined;

  readonly send = (bytes: Buffer): Promise<void> => {
    this.texts.push(bytes.toString());
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  };

  letGo(): void {
    this.#resolve?.();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
