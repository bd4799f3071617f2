// How soon a client finds a limit that it was not told: the server lets 20 requests a second in, says nothing of it but `retry-after` in
// whole seconds, and is down for 2 s half-way. The client has no limits of its own and may have 1000 requests in flight.
//
// Aimed at: from second 15 on 0.8 to 1.0 of what is allowed gets in, and less than 5 % of all attempts are refused; after the outage
// that comes back.
//
//     node test/bench/limits-convergence.js [--seconds 60] [--contender llmbatch|plain|reservation]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { latency } from "./limits/cells.js";
import { startServer } from "./limits/server.js";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "60" }, contender: { type: "string", default: "llmbatch" } },
});
const seconds = Number(values.seconds);
const allowedPerSecond = 20;
const learnedAtSecond = 15;
const outageSecond = Math.floor(seconds / 2);
const outageSeconds = 2;
/** More than can be let in. */
const requests = 10_000;

const limit = `--rpm ${allowedPerSecond * 60} --no-limit-headers --no-limit-words --retry-after seconds`;
const outage = `--outage ${outageSecond * 1000},${outageSeconds * 1000},refuse-connections`;
const flags = `${limit} ${outage} --latency ${latency.latencyMs} --jitter ${latency.jitterMs}`;
const server = await startServer(flags.split(" "));
const client = startClient(new URL(server.url).origin);
const ended = once(client, "exit");

console.log(
  `${values.contender}, ${allowedPerSecond} requests a second allowed, outage from second ${outageSecond} for ${outageSeconds} s`,
);
console.log("second   accepted/allowed   refused %");
let [accepted, refused, printed] = [[], [], 0];
const startedAt = performance.now();
while (accepted.length <= seconds && performance.now() - startedAt < (seconds + 5) * 1000 && client.exitCode === null) {
  await Promise.race([new Promise((resolve) => setTimeout(resolve, 1000)), ended]);
  const stats = await server.stats().catch(() => undefined);
  if (stats === undefined) continue;
  [accepted, refused] = [stats.accepted_per_second, stats.refused_per_second];
  // The last one is not over yet.
  for (; printed < Math.min(accepted.length - 1, seconds); printed += 1) printSecond(printed);
}
client.kill("SIGKILL");
server.stop();
// Seconds without a request are not in the server's lists.
for (; accepted.length < seconds; refused.push(0)) accepted.push(0);
for (; printed < seconds; printed += 1) printSecond(printed);
console.log("");
judge("learned", learnedAtSecond, outageSecond);
judge("after the outage", outageSecond + outageSeconds + 5, seconds);
const back = accepted.findIndex(
  (_, at) =>
    at >= outageSecond + outageSeconds && at + 3 <= seconds && mean(accepted.slice(at, at + 3)) >= 0.8 * allowedPerSecond,
);
console.log(
  back === -1
    ? "does not come back after the outage"
    : `back at 0.8 (mean of 3 s) ${back - outageSecond - outageSeconds} s after the outage`,
);

function startClient(origin) {
  const cell = {
    contender: values.contender,
    rule: "openai",
    told: "silent",
    workload: "uniform",
    requests,
    concurrency: 1000,
    origin,
  };
  const script = join(import.meta.dirname, "limits", "client.js");
  return spawn(process.execPath, [script, JSON.stringify(cell)], { stdio: ["ignore", "ignore", "inherit"] });
}

function printSecond(at) {
  const share = (accepted[at] / allowedPerSecond).toFixed(2);
  console.log(`${String(at).padStart(6)}${share.padStart(19)}${percentRefused(at, at + 1).padStart(12)}`);
}

/** Second by second the rate swings by what one second's burst holds; what counts are the means, of all and of ten in a row. */
function judge(name, from, to) {
  const rate = mean(accepted.slice(from, to)) / allowedPerSecond;
  const spans = Array.from({ length: Math.max(1, to - from - 9) }, (_, at) => mean(accepted.slice(from + at, from + at + 10)));
  const worst = Math.min(...spans) / allowedPerSecond;
  const isReached = worst >= 0.8 && Number(percentRefused(from, to)) < 5;
  const figures = `${rate.toFixed(2)} of the allowed rate, ${worst.toFixed(2)} in the worst 10 s, ${percentRefused(from, to)} % refused`;
  console.log(`${name} (seconds ${from} to ${to - 1}): ${figures}: ${isReached ? "reached" : "NOT reached"}`);
}

function percentRefused(from, to) {
  const [letIn, turnedAway] = [sum(accepted.slice(from, to)), sum(refused.slice(from, to))];
  return letIn + turnedAway === 0 ? "0.0" : ((100 * turnedAway) / (letIn + turnedAway)).toFixed(1);
}

function sum(numbers) {
  return numbers.reduce((total, each) => total + each, 0);
}

function mean(numbers) {
  return sum(numbers) / Math.max(1, numbers.length);
}
