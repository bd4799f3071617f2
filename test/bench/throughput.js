// `npm run bench`: llmbatch beside what else one could write, against a sink in its own process, in alternation, medians of several rounds.
// Ratios of one run hold on a noisy machine; the absolute figures are this machine's.
import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeRequests } from "./requests-file.js";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    requests: { type: "string", default: "60000" },
    concurrency: { type: "string", default: "64,256,1000" },
    bytes: { type: "string", default: "500,8000" },
  },
});
const rounds = Number(values.rounds);
const requests = Number(values.requests);
const folder = mkdtempSync(join(tmpdir(), "llmbatch-bench-"));
const contestants = ["pool", "dispatch", "openai", "fetch", "none", "disk", "cached"];
const names = {
  pool: "(a) loop over undici Pool.request",
  dispatch: "(a') loop over undici Pool.dispatch",
  openai: "(b) openai package with p-limit",
  fetch: "(c) global fetch with p-limit",
  none: "(d) llmbatch, no cache",
  disk: "(e) llmbatch, disk cache",
  cached: "(f) llmbatch, all from the disk cache",
};

console.log(
  `node ${process.version}, ${availableParallelism()} cores, ${requests} requests a run, medians of ${rounds} rounds in alternation`,
);
console.log(
  "(b) and (c) send a tenth of the requests, (f) recalls five times as many small answers; sink and client share the cores\n",
);
const file = writeRequests(join(folder, "all.jsonl"), requests);
const few = writeRequests(join(folder, "few.jsonl"), requests / 10);
const many = writeRequests(join(folder, "many.jsonl"), requests * 5);
for (const bytes of values.bytes.split(",").map(Number)) {
  const sink = fork(join(import.meta.dirname, "sink.js"), [String(bytes)], { stdio: ["ignore", "pipe", "inherit", "ipc"] });
  const [port] = await once(sink.stdout, "data");
  const url = `http://127.0.0.1:${String(port).trim()}`;
  const cache = join(folder, `${bytes}.sqlite`);
  const known = bytes < 2000 ? { file: many, requests: requests * 5, cache } : { file, requests, cache };
  measure("disk", [url, 256, known.requests, known.file, known.cache]);
  for (const concurrency of values.concurrency.split(",").map(Number)) compare(bytes, concurrency, url, known);
  sink.kill();
  removeCache(known.cache);
}
rmSync(folder, { recursive: true });

/** @param known A file, and a cache that has all its answers. */
function compare(bytes, concurrency, url, known) {
  const results = Object.fromEntries([...contestants, "sink"].map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const cache = join(folder, `cache-${round}.sqlite`);
    results.sink.push(measure("sink", [url, concurrency, requests, file, cache]));
    for (const name of contestants) {
      const isSlow = name === "openai" || name === "fetch";
      if (name === "cached") results.cached.push(measure(name, [url, concurrency, known.requests, known.file, known.cache]));
      else results[name].push(measure(name, [url, concurrency, isSlow ? requests / 10 : requests, isSlow ? few : file, cache]));
    }
    removeCache(cache);
  }
  print(bytes, concurrency, results);
}

function removeCache(path) {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
}

function measure(name, args) {
  const contestant = name === "cached" ? "disk" : name;
  const script = join(import.meta.dirname, "throughput-client.js");
  return JSON.parse(execFileSync(process.execPath, [script, contestant, ...args.map(String)], { encoding: "utf8" }));
}

function print(bytes, concurrency, results) {
  const ceiling = median(results.sink.map((result) => result.requests / result.seconds));
  console.log(`answers of ${bytes} bytes, concurrency ${concurrency}; the sink alone answers ${ceiling.toFixed(0)} a second`);
  console.log("                                          req/s   x (a)   CPU µs/req   peak MB");
  for (const name of contestants) {
    const perSecond = median(results[name].map((result) => result.requests / result.seconds));
    const ratio = median(results[name].map((result, round) => result.requests / result.seconds / poolSpeed(results, round)));
    const cpu = median(results[name].map((result) => (result.cpuSeconds / result.requests) * 1e6));
    const peak = median(results[name].map((result) => result.peakMegabytes));
    const figures = [
      perSecond.toFixed(0).padStart(9),
      ratio.toFixed(2).padStart(8),
      cpu.toFixed(0).padStart(13),
      peak.toFixed(0).padStart(10),
    ];
    console.log(`  ${names[name].padEnd(36)}${figures.join("")}`);
  }
  console.log("");
}

function poolSpeed(results, round) {
  const { requests: sent, seconds } = results.pool[round];
  return sent / seconds;
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
