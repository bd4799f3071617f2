// `npm run bench:memory`: what `llmbatch run` takes at its peak, for files of 10,000, 100,000 and 1,000,000 lines with the disk cache: the
// first run, the same command again (every answer from the cache), and a run whose first answer comes last. Each in a process of its own.
import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeRequests } from "./requests-file.js";

const { values } = parseArgs({
  options: {
    lines: { type: "string", default: "10000,100000,1000000" },
    "stuck-lines": { type: "string", default: "300000" },
    "stuck-seconds": { type: "string", default: "30" },
    "stuck-rounds": { type: "string", default: "3" },
    concurrency: { type: "string", default: "64" },
    bytes: { type: "string", default: "500" },
  },
});
const folder = mkdtempSync(join(tmpdir(), "llmbatch-memory-"));

console.log(`node ${process.version}, answers of ${values.bytes} bytes, concurrency ${values.concurrency}`);
console.log("                                          peak MB   seconds   lines/s");
const quick = await startSink();
for (const lines of values.lines.split(",").filter(Boolean).map(Number)) {
  const file = writeRequests(join(folder, `${lines}.jsonl`), lines);
  const cache = join(folder, `${lines}.sqlite`);
  report(`${lines} lines, asked`, lines, measure(quick.url, file, cache));
  report(`${lines} lines, all from the cache`, lines, measure(quick.url, file, cache));
  clean(file, cache);
}
await compareStuck(Number(values["stuck-lines"]));
quick.process.kill();
rmSync(folder, { recursive: true });

/** The same file with a server that answers at once, and with one that keeps the first answer back, in alternation. */
async function compareStuck(lines) {
  const file = writeRequests(join(folder, "stuck.jsonl"), lines);
  const cache = join(folder, "stuck.sqlite");
  const stuckMs = Number(values["stuck-seconds"]) * 1000;
  const ratios = [];
  for (let round = 0; round < Number(values["stuck-rounds"]); round += 1) {
    const plain = measure(quick.url, file, cache);
    report(`${lines} lines, asked`, lines, plain);
    clean(cache);
    const sink = await startSink(stuckMs);
    const stuck = measure(sink.url, file, cache);
    report(`${lines} lines, the first after ${values["stuck-seconds"]} s`, lines, stuck);
    sink.process.kill();
    clean(cache);
    ratios.push(stuck.seconds / Math.max(stuckMs / 1000, plain.seconds));
  }
  clean(file);
  const median = ratios.toSorted((a, b) => a - b)[Math.floor(ratios.length / 2)];
  if (median !== undefined) console.log(`  with the first line stuck a run takes ${median.toFixed(2)} times as long (median)`);
}

async function startSink(firstAnswerMs = 0) {
  const script = join(import.meta.dirname, "sink.js");
  const sink = fork(script, [values.bytes, String(firstAnswerMs)], { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  const [port] = await once(sink.stdout, "data");
  return { process: sink, url: `http://127.0.0.1:${String(port).trim()}` };
}

/** The whole command, node's start included. Peak memory is what the system counted for the process. */
function measure(url, file, cache) {
  const script = join(import.meta.dirname, "memory-client.js");
  const args = [script, `${url}/v1`, values.concurrency, file, cache];
  const startedAt = performance.now();
  const { peakMegabytes } = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
  return { peakMegabytes, seconds: (performance.now() - startedAt) / 1000 };
}

function report(what, lines, { peakMegabytes, seconds }) {
  const figures = [peakMegabytes.toFixed(0), seconds.toFixed(1), (lines / seconds).toFixed(0)];
  console.log(`  ${what.padEnd(38)}${figures.map((figure) => figure.padStart(10)).join("")}`);
}

function clean(...paths) {
  for (const path of paths) {
    for (const suffix of ["", "-wal", "-shm", ".out", ".out.stats.json"]) rmSync(path + suffix, { force: true });
  }
}
