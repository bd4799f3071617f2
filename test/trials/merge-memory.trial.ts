import { closeSync, createReadStream, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { Workplace } from "../e2e/cli.ts";
import { Figures, isFullSize } from "./figures.ts";

const lines = 1_000_000;

/** In small: `test/e2e/merge.test.ts`. */
it.runIf(isFullSize)("a million results are merged in little memory, in another order", { timeout: 600_000 }, async () => {
  const user = new Workplace();
  const names = ["a.jsonl", "b.jsonl", "c.jsonl"];
  write(user.path("in.jsonl"), 1, 0, (n) => `{"custom_id":"line-${n}"}\n`);
  for (const [at, name] of names.entries()) write(user.path(name), names.length, at, resultOf);
  const startedAt = performance.now();
  user.environment["MEMORY_REPORT"] = user.path("memory");
  user.environment["NODE_OPTIONS"] = `--import ${pathToFileURL(join(import.meta.dirname, "faults", "report-memory.js")).href}`;
  const { code } = await user.run(["merge", ...names.toReversed(), "--order", "in.jsonl", "-o", "out.jsonl"]);
  const figures = new Figures("merge");
  figures.told("lines/s", lines / ((performance.now() - startedAt) / 1000));
  figures.exactly("exit code", code ?? -1, 0);
  figures.atMost("peak MB", Number(user.read("memory")), 250);
  figures.exactly("right lines", await countRight(user.path("out.jsonl")), lines);
  expect(figures.missed(`${lines} results in 3 files`)).toEqual([]);
});

function resultOf(n: number): string {
  const body = `{"choices":[{"message":{"content":"${"x".repeat(400 + (n % 7))}"}}]}`;
  return `{"id":"batch_req_${n}","custom_id":"line-${n}","response":{"status_code":200,"request_id":"","body":${body}},"error":null}\n`;
}

async function countRight(path: string): Promise<number> {
  let [right, n] = [0, 0];
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (`${line}\n` === resultOf(n)) right += 1;
    n += 1;
  }
  return right === n ? right : -1;
}

function write(path: string, step: number, from: number, lineOf: (n: number) => string): void {
  const descriptor = openSync(path, "w");
  let text = "";
  for (let n = from; n < lines; n += step) {
    text += lineOf(n);
    if (text.length > 1e6) text = (writeSync(descriptor, text), "");
  }
  writeSync(descriptor, text);
  closeSync(descriptor);
}
