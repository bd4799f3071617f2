import { chmodSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { serve } from "../support/closing.ts";
import { deferred } from "../support/deferred.ts";
import { chatAnswer, errorAnswer } from "../support/scripted-server.ts";
import { questions, Workplace } from "./cli.ts";

/** Modes of everything under a folder, by path from there, in octal. */
function modesUnder(folder: string): Record<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => join(folder, path));
  return Object.fromEntries(
    paths.map((path) => [relative(folder, path), (statSync(path).mode & 0o777).toString(8)] as const).toSorted(),
  );
}

const files = ["-o", "out.jsonl", "--errors", "errors.jsonl", "--log", "log.jsonl"];

describe.each([
  ["000", "666"],
  ["022", "644"],
])("with umask %s", (umask, named) => {
  it("only the files that the user named can be read by others, and those only once they are whole", async () => {
    const held = deferred<void>();
    const server = await serve(async (call) => {
      if (call.index === 1) return errorAnswer(400);
      if (call.index === 2) await held.promise;
      return chatAnswer();
    });
    const user = new Workplace();
    user.write("in.jsonl", questions(3));
    chmodSync(user.path("in.jsonl"), 0o600);
    const before = process.umask(umask);
    onTestFinished(() => void process.umask(before));
    const finished = user.runHere(["run", "in.jsonl", "--base-url", `${server.url}/v1`, "-c", "1", ...files]);
    await server.until(() => server.ledger.length === 3);
    expect(modesUnder(user.folder)).toEqual({
      cache: "700",
      "cache/llmbatch": "700",
      "cache/llmbatch/cache.sqlite": "600",
      "cache/llmbatch/cache.sqlite-shm": "600",
      "cache/llmbatch/cache.sqlite-wal": "600",
      "errors.jsonl.lock": "600",
      "errors.jsonl.partial": "600",
      "in.jsonl": "600",
      "log.jsonl": "600",
      "out.jsonl.lock": "600",
      "out.jsonl.partial": "600",
    });
    held.resolve();
    expect((await finished).code).toBe(1);
    expect(modesUnder(user.folder)).toEqual({
      cache: "700",
      "cache/llmbatch": "700",
      "cache/llmbatch/cache.sqlite": "600",
      "errors.jsonl": named,
      "in.jsonl": "600",
      "log.jsonl": "600",
      "out.jsonl": named,
      "out.jsonl.stats.json": named,
    });
  });
});
