// `npm run bench:serve`: what `llmbatch serve` adds to a request, beside a bare pipe of node:http, and what it takes to answer one from the cache,
// beside a server of node:http that answers at once; in alternation, medians of several rounds. Client, upstream and the contestant are three
// processes that share the cores.
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Pool } from "undici";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "5" },
    connections: { type: "string", default: "64,256" },
    delays: { type: "string", default: "200,0" },
    // Answers from the cache alone, without the rest.
    hits: { type: "boolean", default: false },
    // Else they begin spread over the time of one answer: clients do not know of each other.
    together: { type: "boolean", default: false },
    // Of answers. Else it varies by a tenth: with a constant one, requests that a pause ever brought together come back together for ever.
    constant: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const durationMs = Number(values.seconds) * 1000;
// V8 compiles what runs often after some 3,000 requests: 300 a second at 64 connections.
const warmUpMs = 10_000;
const spread = values.constant ? 0 : 0.1;
const names = { direct: "direct", pipe: "bare pipe of node:http", serve: "llmbatch serve", hits: "llmbatch serve, hits" };
const bodies = Array.from({ length: 1000 }, (_, index) =>
  JSON.stringify({ model: "m", messages: [{ role: "user", content: `${index} ${"x".repeat(250)}` }] }),
);
const folder = mkdtempSync(join(tmpdir(), "llmbatch-bench-"));

console.log(
  `node ${process.version}, ${availableParallelism()} cores, ${values.seconds} s a round${values.together ? ", all connections in step" : ""}, medians of ${rounds} rounds in alternation\n`,
);
for (const delayMs of values.hits ? [] : values.delays.split(",").map(Number)) {
  const upstream = await startPart("upstream", delayMs, spread);
  const pipe = await startPart("pipe", upstream.url);
  const serve = await startServe(upstream.url);
  for (const connections of values.connections.split(",").map(Number))
    await compare(delayMs, connections, { direct: upstream, pipe, serve });
  for (const { child } of [upstream, pipe, serve]) child.kill("SIGKILL");
}
const upstream = await startPart("upstream", 0);
const hits = await startServe(upstream.url, "--live-cache", "on", "--cache", "memory");
await compare(0, 64, { direct: upstream, hits });
for (const { child } of [upstream, hits]) child.kill("SIGKILL");
rmSync(folder, { recursive: true });

/** @param contestants The first is asked directly. */
async function compare(delayMs, connections, contestants) {
  const results = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (const contestant of Object.values(contestants)) await load(contestant, connections, delayMs, warmUpMs);
  for (let round = 0; round < rounds; round += 1)
    for (const [name, contestant] of Object.entries(contestants))
      results[name].push(await load(contestant, connections, delayMs, durationMs));
  print(delayMs, connections, results);
}

/** Asks on so many connections for so long. @param delayMs Of an answer. */
async function load({ url, child }, connections, delayMs, forMs) {
  const pool = new Pool(url, { connections });
  const request = { method: "POST", path: "/v1/chat/completions", headers: { "content-type": "application/json" } };
  let asked = 0;
  const times = [];
  let errors = 0;
  const cpuBefore = cpuSeconds(child.pid);
  const startedAt = performance.now();
  const loop = async (index) => {
    if (!values.together) await sleep((delayMs * index) / connections);
    while (performance.now() - startedAt < forMs) {
      const askedAt = performance.now();
      const response = await pool.request({ ...request, body: bodies[asked++ % bodies.length] });
      await response.body.dump();
      if (response.statusCode === 200) times.push(performance.now() - askedAt);
      else errors += 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, index) => loop(index)));
  const seconds = (performance.now() - startedAt) / 1000;
  const cpu = cpuSeconds(child.pid) - cpuBefore;
  await pool.destroy();
  times.sort((a, b) => a - b);
  return {
    perSecond: times.length / seconds,
    p50: times[Math.floor(times.length / 2)],
    p99: times[Math.floor(times.length * 0.99)],
    cpu: (cpu / times.length) * 1e6,
    errors,
  };
}

function print(delayMs, connections, results) {
  const time = delayMs === 0 ? "0 ms" : spread === 0 ? `${delayMs} ms exactly` : `${delayMs} ms ± ${spread * 100} %`;
  console.log(`upstream of ${time}, ${connections} connections`);
  console.log("                          req/s   p50 ms  added   p99 ms  added   CPU µs/req   errors");
  for (const [name, own] of Object.entries(results)) {
    const middle = (of) => median(own.map((result, round) => of(result, results.direct[round])));
    const figures = [
      middle(({ perSecond }) => perSecond)
        .toFixed(0)
        .padStart(9),
      middle(({ p50 }) => p50)
        .toFixed(1)
        .padStart(9),
      middle(({ p50 }, direct) => p50 - direct.p50)
        .toFixed(1)
        .padStart(7),
      middle(({ p99 }) => p99)
        .toFixed(1)
        .padStart(9),
      middle(({ p99 }, direct) => p99 - direct.p99)
        .toFixed(1)
        .padStart(7),
      middle(({ cpu }) => cpu)
        .toFixed(0)
        .padStart(13),
      String(own.reduce((sum, { errors }) => sum + errors, 0)).padStart(9),
    ];
    console.log(`  ${names[name].padEnd(22)}${figures.join("")}`);
  }
  console.log("");
}

async function startPart(...args) {
  const child = fork(join(import.meta.dirname, "serve-parts.js"), args.map(String), {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  const [port] = await once(child.stdout, "data");
  return { child, url: `http://127.0.0.1:${String(port).trim()}` };
}

async function startServe(url, ...more) {
  const program = join(import.meta.dirname, "..", "..", "bin", "llmbatch.js");
  const args = [program, "serve", "--port", "0", "--base-url", `${url}/v1`, "-c", "1000", "--no-adaptive", ...more];
  const env = { PATH: process.env.PATH, HOME: folder, OPENAI_API_KEY: "sk-none" };
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] });
  const [said] = await once(child.stderr, "data");
  return { child, url: /http:\/\/127\.0\.0\.1:\d+/.exec(String(said))[0] };
}

/** What a process has used of a core, by Linux's clock of 100 Hz. */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
