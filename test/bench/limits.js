// `npm run bench:limits`: how well clients use a provider's limits. The mock server keeps the limits as real providers do, in a
// process of its own; each client plays in a process of its own. What counts is how long it takes beside the perfect client, how much
// is refused on the way, and that nothing is lost.
//
//     node test/bench/limits.js --only "openai|second,r600,headers" --seconds 10 --contenders llmbatch,plain
import { execFile } from "node:child_process";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { latency, listCells, selectCells } from "./limits/cells.js";
import { findOptimum } from "./limits/optimum.js";
import { flagsOf, startServer } from "./limits/server.js";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    seconds: { type: "string", default: "60" },
    contenders: { type: "string", default: "llmbatch,plain,reservation" },
    "all-workloads": { type: "boolean", default: false },
    parallel: { type: "string", default: "6" },
    patience: { type: "string", default: "5" },
    list: { type: "boolean", default: false },
  },
});
const seconds = Number(values.seconds);
const patience = Number(values.patience);
/** Cells of at most so many requests a second mostly sleep, and may do it side by side. */
const lightPerSecond = 100;
const run = promisify(execFile);

const contenders = values.contenders.split(",");
const cells = selectCells(listCells({ contenders, allWorkloads: values["all-workloads"] }), values.only);
if (values.list) {
  for (const { name } of cells) console.log(name);
  process.exit();
}

console.log(`${cells.length} cells of at least ${seconds} s at the optimum, given up after ${patience} times the optimum\n`);
printHead();
const optima = new Map();
const results = [];
await playAll(
  cells.filter(({ perSecond }) => perSecond <= lightPerSecond),
  Number(values.parallel),
);
await playAll(
  cells.filter(({ perSecond }) => perSecond > lightPerSecond),
  1,
);
printTable();

async function playAll(group, atOnce) {
  const waiting = [...group];
  const player = async () => {
    for (let cell = waiting.shift(); cell !== undefined; cell = waiting.shift()) {
      const result = { cell, ...(await play(cell)) };
      results.push(result);
      printLine(result);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, player));
}

async function play(cell) {
  if (!optima.has(cell.shape)) optima.set(cell.shape, findOptimum(cell, seconds));
  const { requests, optimumSeconds } = optima.get(cell.shape);
  const server = await startServer(flagsOf(cell, latency));
  try {
    const told = JSON.stringify({ ...cell, requests, origin: new URL(server.url).origin });
    const timeout = Math.ceil(patience * optimumSeconds * 1000) + 2000;
    const client = join(import.meta.dirname, "limits", "client.js");
    const ended = await run(process.execPath, [client, told], { timeout, killSignal: "SIGKILL" }).catch((error) => error);
    const stats = await server.stats();
    const isOver = ended.killed !== true && ended.code === undefined;
    if (ended.code !== undefined && ended.killed !== true) process.stderr.write(`${cell.name}: ${ended.stderr}\n`);
    return judge(cell, { requests, optimumSeconds }, stats, isOver ? JSON.parse(ended.stdout) : undefined);
  } finally {
    server.stop();
  }
}

/** @param played What the client said; undefined if it ran out of time. */
function judge({ perMinute }, { requests, optimumSeconds }, stats, played) {
  const { requestsPerMinute, tokensPerMinute = perMinute.inputTokensPerMinute + perMinute.outputTokensPerMinute } = perMinute;
  const isByRequests = requestsPerMinute !== undefined;
  const limit = isByRequests ? requestsPerMinute : tokensPerMinute;
  return {
    requests,
    optimumSeconds,
    ratio: played && played.seconds / optimumSeconds,
    refused: stats.refused,
    refusedShare: stats.refused / stats.requests_total,
    peakMinute: (isByRequests ? stats.peak_requests_per_minute : stats.peak_tokens_per_minute) / limit,
    peakSecond: (60 * (isByRequests ? stats.peak_requests_per_second : stats.peak_tokens_per_second)) / limit,
    lost: played && requests - played.answered,
    done: stats.answered / requests,
  };
}

function printHead() {
  const columns = ["requests", "optimum", "x optimum", "refused", "%", "minute", "second", "lost"];
  console.log("cell".padEnd(50) + columns.map((column) => column.padStart(10)).join(""));
}

function printLine({ cell, ...result }) {
  const columns = [
    result.requests,
    `${result.optimumSeconds.toFixed(1)} s`,
    ratioText(result),
    result.refused,
    (100 * result.refusedShare).toFixed(1),
    result.peakMinute.toFixed(3),
    result.peakSecond.toFixed(3),
    result.lost ?? "?",
  ];
  console.log(cell.name.padEnd(50) + columns.map((column) => String(column).padStart(10)).join(""));
}

/** One row for each rule, limit and workload: makespan by optimum, refused share, and what was lost if anything was. */
function printTable() {
  console.log(
    "\nmakespan / optimum, share of attempts refused, lines lost. minute, second: the fullest sliding one by the limit\n",
  );
  const told = [...new Set(cells.map((cell) => cell.told))];
  const players = [...new Set(cells.map((cell) => cell.contender))];
  const columns = players.flatMap((contender) => told.map((how) => ({ contender, how })));
  console.log(" ".repeat(28) + columns.map(({ contender }) => contender.padEnd(22)).join(""));
  console.log(" ".repeat(28) + columns.map(({ how }) => how.padEnd(22)).join(""));
  for (const shape of new Set(cells.map((cell) => cell.shape))) {
    const texts = columns.map(({ contender, how }) =>
      results.find(({ cell }) => cell.shape === shape && cell.contender === contender && cell.told === how),
    );
    console.log(shape.padEnd(28) + texts.map((result) => cellText(result).padEnd(22)).join(""));
  }
}

function cellText(result) {
  if (result === undefined) return "";
  const lost = result.lost ? ` -${result.lost}` : "";
  return `${ratioText(result)} ${(100 * result.refusedShare).toFixed(1)}%${lost}`;
}

/** Of who did not finish, how much was done in the time there was. */
function ratioText({ ratio, done }) {
  return ratio === undefined ? `>${patience} (${Math.floor(100 * done)}%)` : ratio.toFixed(3);
}
