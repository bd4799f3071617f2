import { spawn } from "node:child_process";
import { appendFileSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { parseLines, questions, Workplace } from "../e2e/cli.ts";
import { serve } from "../support/closing.ts";
import { answerTo, runArguments } from "./commands.ts";
import { Figures, isFullSize } from "./figures.ts";

const mebibytes = 2048;
const most = 200_000_000 / 1024 / 1024;

/** In small: `test/jsonl/long-line-memory.test.ts`. */
it.runIf(isFullSize)(`a line of ${mebibytes} MiB is refused in little memory, and its neighbours are answered`, async () => {
  const figures = new Figures("one line longer than the limit of 64 MiB");
  const server = await serve(answerTo);
  const user = new Workplace();
  const environment = {
    ...user.environment,
    NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, "faults", "report-memory.js")).href}`,
    MEMORY_REPORT: user.path("memory"),
  };
  const [first, last] = questions(2).map((line) => JSON.stringify(line));
  const path = user.write("in.jsonl", `${first}\n{"prompt":"`);
  truncateSync(path, statSync(path).size + mebibytes * 1024 * 1024); // a hole in the file: zeros that take no room on the disk
  appendFileSync(path, `"}\n${last}\n`);

  const refused = await user.finish(user.start(runArguments(server), { env: environment }));
  figures.exactly("file: exit code", refused.code ?? -1, 2);
  figures.exactly("file: says which line", Number(/in\.jsonl:2: longer than 64 MiB/.test(refused.stderr)), 1);
  figures.exactly("file: requests sent", server.ledger.length, 0);
  figures.atMost("file: memory, MiB", Number(user.read("memory")), most);

  await user.finish(user.start(runArguments(server, "--skip-invalid"), { env: environment }));
  figures.exactly("file, --skip-invalid: neighbours answered, the line refused", verdict(user.read("out.jsonl")), 1);
  figures.atMost("file, --skip-invalid: memory, MiB", Number(user.read("memory")), most);

  const cat = spawn("cat", [path], { stdio: ["ignore", "pipe", "inherit"] });
  const args = ["run", "-", "--base-url", `${server.url}/v1`, "-q"];
  const child = user.start(args, { env: environment, stdio: [cat.stdout, "pipe", "pipe"] });
  cat.stdout.destroy();
  const { stdout } = await user.finish(child);
  figures.exactly("pipe: neighbours answered, the line refused", verdict(stdout), 1);
  figures.atMost("pipe: memory, MiB", Number(user.read("memory")), most);
  expect(figures.missed(`a line of ${mebibytes} MiB between two others`)).toEqual([]);
});

function verdict(output: string): number {
  const said = parseLines(output).map(({ error }) => error && [error.code, error.message]);
  return JSON.stringify(said) === '[null,["invalid_line","line 2: longer than 64 MiB"],null]' ? 1 : 0;
}
