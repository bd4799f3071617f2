import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";

const door = pathToFileURL(join(import.meta.dirname, "..", "..", "dist", "jsonl", "jsonl.js")).href;

const script = `
  import { parseRequests, RequestParser, splitLines } from ${JSON.stringify(door)};
  async function* source() {
    for (let sent = 0; sent < 300; sent += 1) yield Buffer.alloc(1024 * 1024, 0x61);
    yield Buffer.from('\\n{"prompt":"hi"}\\n');
  }
  const parser = new RequestParser({ defaultModel: "m" });
  const kinds = [];
  for await (const { kind, lineNumber } of parseRequests(splitLines(source()), parser)) kinds.push(kind + " " + lineNumber);
  process.stdout.write(JSON.stringify({ kinds, peakMiB: process.resourceUsage().maxRSS / 1024 }));
`;

test("a line of 300 MiB is refused in less than 200 MB, and the next line is read", () => {
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" });
  const { kinds, peakMiB } = JSON.parse(output);
  expect(kinds).toEqual(["invalid-line 1", "request 2"]);
  expect(peakMiB).toBeLessThan(190);
});
