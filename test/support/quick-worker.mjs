// A worker whose chunks are given to others after 2 seconds instead of 15: `node quick-worker.mjs REDIS-URL BASE-URL CONCURRENCY`.
// It dies of a line that asks it to. Without a server (`instant` as BASE-URL) it answers by itself.
import process from "node:process";
import { createProvider, RequestManager } from "../../build/index.js";
import { FleetWorker, loadPackages, noSeal, parseAddress } from "../../build/fleet/fleet.js";

const [, , queue, baseUrl, concurrency] = process.argv;
const usage = { promptTokens: 5, completionTokens: 5, cachedTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
const body = JSON.stringify({ choices: [{ message: { role: "assistant", content: "An answer. ".repeat(40) } }] });
const instant = {
  name: "instant",
  endpoint: ({ path }) => path,
  estimate: ({ model }) => ({ model, inputTokens: 5, counting: "sum" }),
  send: async () => ({ ok: true, response: { statusCode: 200, requestId: "", body, usage } }),
  close: async () => undefined,
};
const provider =
  baseUrl === "instant" ? instant : createProvider("openai", { baseUrl, apiKey: "sk-quick-worker", allowHttp: true });
const die = (event) => {
  if (event.type === "attempt-start" && event.customId === "poison") process.kill(process.pid, "SIGKILL");
};
const name = `quick:${process.pid}`;
const worker = await FleetWorker.start({
  packages: await loadPackages(),
  address: parseAddress(queue, "llmbatch", false),
  seal: noSeal,
  id: name,
  name,
  version: "quick",
  concurrency: Number(concurrency),
  createManager: (shared, observe) =>
    new RequestManager({ provider, concurrency: Number(concurrency), order: "completion", observers: [die, observe], ...shared }),
  keepsKeyRefusals: false,
  lockMs: 2_000,
  say: (message) => process.stderr.write(`${message}\n`),
});
process.stderr.write("ready\n");
process.once("SIGTERM", async () => {
  await worker.drain(5_000);
  await provider.close();
});
