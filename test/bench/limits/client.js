// One contender in a process of its own: node client.js CELL, where CELL is JSON. Prints { seconds, answered }; what is timed is the
// sending of all requests, from the first to the last answer.
import { bodyOf } from "./workload.js";

const cell = JSON.parse(process.argv[2]);
const { play } = await import(`./${cell.contender}.js`);
const bodies = function* bodies() {
  for (let n = 0; n < cell.requests; n += 1) yield bodyOf(cell.workload, n);
};

const startedAt = performance.now();
const answered = await play({
  origin: cell.origin,
  path: cell.rule === "anthropic" ? "/v1/messages" : "/v1/chat/completions",
  rule: cell.rule,
  bodies,
  concurrency: cell.concurrency,
  limits: cell.told === "configured" ? cell.perMinute : {},
});
process.stdout.write(JSON.stringify({ seconds: (performance.now() - startedAt) / 1000, answered }));
