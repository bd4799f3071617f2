// One contestant, one measurement, in a process of its own: node throughput-client.js CONTESTANT URL CONCURRENCY REQUESTS FILE CACHE
// Prints { seconds, cpuSeconds, peakMegabytes }. What is timed is the sending of all requests; not node's start, not the imports.
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { createRawLoop } from "./raw-loop.js";

const [contestant, url, concurrencyText, requestsText, file, cachePath] = process.argv.slice(2);
const concurrency = Number(concurrencyText);
const requests = Number(requestsText);

const contestants = {
  /** How fast the sink is on its own. */
  sink: () => createRawLoop(url, concurrency, requests),
  /** (a) What others are compared with: a loop over undici's `Pool.request` for each connection. */
  async pool() {
    const { Pool } = await import("undici");
    const pool = new Pool(url, { connections: concurrency });
    const headers = { "content-type": "application/json", authorization: "Bearer k" };
    return async () => {
      await loops(async (body) => {
        const response = await pool.request({ path: "/v1/chat/completions", method: "POST", headers, body });
        await response.body.text();
      });
      await pool.close();
    };
  },
  /** (a') The least that undici can do: its `dispatch`, with a handler for each request. */
  async dispatch() {
    const { Pool } = await import("undici");
    const pool = new Pool(url, { connections: concurrency });
    const headers = { "content-type": "application/json", authorization: "Bearer k" };
    const send = (body) =>
      new Promise((resolve, reject) => {
        let text = "";
        const handler = {
          onRequestStart() {},
          onResponseStart() {},
          onResponseData(controller, chunk) {
            text += chunk;
          },
          onResponseEnd: () => resolve(text),
          onResponseError: (controller, error) => reject(error),
        };
        pool.dispatch({ path: "/v1/chat/completions", method: "POST", headers, body }, handler);
      });
    return async () => {
      await loops(send);
      await pool.close();
    };
  },
  /** (b) What most people write. */
  async openai() {
    const { default: OpenAI } = await import("openai");
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "k" });
    return limited((body) => client.chat.completions.create(JSON.parse(body)));
  },
  /** (c) */
  async fetch() {
    const headers = { "content-type": "application/json", authorization: "Bearer k" };
    return limited(async (body) => {
      const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body });
      await response.json();
    });
  },
  /** (d) llmbatch from file to file, without a cache. */
  none: () => llmbatch({ cache: "none" }),
  /** (e) The same with the disk cache: every answer is committed. (f) is the second time with the same cache. */
  disk: () => llmbatch({ cache: "disk", cache_path: cachePath }),
};

async function llmbatch(flags) {
  const { runCommand } = await import("../../build/cli/commands/run.js");
  const common = {
    base_url: `${url}/v1`,
    concurrency: String(concurrency),
    output: `${file}.out`,
    stats: "/dev/null",
    quiet: true,
  };
  return async () => {
    const exitCode = await runCommand([file], { ...common, ...flags }, undefined, () => process.exit(2));
    if (exitCode !== 0) throw new Error(`llmbatch ended with ${exitCode}`);
  };
}

/** Takes the bodies from the same file as llmbatch does. */
async function* bodies() {
  for await (const line of createInterface({ input: createReadStream(file) })) yield JSON.stringify(JSON.parse(line).body);
}

async function loops(send) {
  const all = bodies();
  const loop = async () => {
    for (let next = await all.next(); !next.done; next = await all.next()) await send(next.value);
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
}

async function limited(send) {
  const { default: pLimit } = await import("p-limit");
  const limit = pLimit(concurrency);
  return async () => {
    const sent = [];
    for await (const body of bodies()) sent.push(limit(() => send(body)));
    await Promise.all(sent);
  };
}

const run = await contestants[contestant]();
const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
await run();
const seconds = (performance.now() - startedAt) / 1000;
const cpu = process.cpuUsage(cpuBefore);
const cpuSeconds = (cpu.user + cpu.system) / 1e6;
process.stdout.write(JSON.stringify({ seconds, cpuSeconds, peakMegabytes: process.resourceUsage().maxRSS / 1024, requests }));
