import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const reporter = pathToFileURL(join(import.meta.dirname, "..", "trials", "faults", "report-memory.js")).href;
const door = pathToFileURL(join(import.meta.dirname, "..", "..", "build", "jsonl", "jsonl.js")).href;

const script = `
  import { createReadStream } from "node:fs";
  import { parseRequests, RequestParser, splitLines } from ${JSON.stringify(door)};
  const source = createReadStream(process.argv[1], { highWaterMark: 512 * 1024 });
  const parser = new RequestParser({ defaultModel: "m" });
  const kinds = [];
  for await (const { kind, lineNumber } of parseRequests(splitLines(source), parser)) kinds.push(kind + " " + lineNumber);
  process.stdout.write(JSON.stringify(kinds));
`;

test("a line of 160 MiB is refused in less than 200 MB, and the next line is read", () => {
  const folder = mkdtempSync(join(tmpdir(), "llmbatch-long-line-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "in.jsonl");
  writeFileSync(path, "");
  truncateSync(path, 160 * 1024 * 1024); // a hole in the file: zeros that take no room on the disk
  appendFileSync(path, '\n{"prompt":"hi"}\n');
  const report = join(folder, "peak");
  const args = ["--import", reporter, "--input-type=module", "--eval", script, path];
  const output = execFileSync(process.execPath, args, { encoding: "utf8", env: { ...process.env, MEMORY_REPORT: report } });
  expect(JSON.parse(output)).toEqual(["invalid-line 1", "request 2"]);
  expect(Number(readFileSync(report, "utf8"))).toBeLessThan(190);
});
