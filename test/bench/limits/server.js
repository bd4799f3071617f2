// The mock server as a process of its own, started from the command line like anybody's.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const launcher = join(import.meta.dirname, "..", "..", "..", "bin", "llmbatch.js");

/** @param flags Of `llmbatch mock`. */
export async function startServer(flags) {
  const child = spawn(process.execPath, [launcher, "mock", "--port", "0", ...flags.map(String)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const [said] = await Promise.race([once(child.stderr, "data"), once(child, "exit")]);
  const url = /http:\/\/\S+\/v1/.exec(String(said))?.[0];
  if (url === undefined) throw new Error(`the server did not start: ${said}`);
  child.stderr.resume();
  return {
    url,
    stats: async () => (await fetch(new URL("/stats", url))).json(),
    stop: () => child.kill("SIGKILL"),
  };
}

/** The flags that make a server of a cell. */
export function flagsOf({ rule, told, perMinute }, { latencyMs, jitterMs }) {
  const flags = ["--rules", rule, "--latency", latencyMs, "--jitter", jitterMs];
  const names = {
    requestsPerMinute: "--rpm",
    tokensPerMinute: "--tpm",
    inputTokensPerMinute: "--itpm",
    outputTokensPerMinute: "--otpm",
  };
  for (const [name, limit] of Object.entries(perMinute)) flags.push(names[name], limit);
  if (told === "refusals") flags.push("--no-limit-headers", "--retry-after", "seconds");
  if (told === "silent") flags.push("--no-limit-headers", "--no-limit-words", "--retry-after", "seconds");
  return flags;
}
