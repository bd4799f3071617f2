import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Pool } from "undici";
import { expect, it, onTestFinished } from "vitest";
import { Figures, isFullSize } from "./figures.ts";
import { startServing } from "./serving.ts";

const streams = 256;
const events = 100;
const everyMs = 20;
const rounds = 3;

/**
 * Beside a bare pipe of node:http, in alternation: on two shared cores an event is late anyhow, and what counts is what the server adds. There
 * is no small version: `streams.test.ts` has the events one by one.
 */
it.skipIf(!isFullSize)("events go on one by one, as soon as they come", async () => {
  const figures = new Figures("events of many streams");
  const upstream = await startPart("events", String(everyMs));
  const pipe = await startPart("pipe", upstream.url);
  const served = await startServing(upstream.url, "-c", "1000", "--no-adaptive");
  const late: Record<string, number[]> = { pipe: [], serve: [] };
  const first: Record<string, number[]> = { pipe: [], serve: [] };
  const cpu: Record<string, number[]> = { pipe: [], serve: [] };
  for (let round = 0; round < rounds; round += 1)
    for (const [name, { child, url }] of Object.entries({ pipe, serve: served })) {
      const before = cpuSeconds(child);
      const delays = await readStreams(url);
      cpu[name]?.push(((cpuSeconds(child) - before) / (streams * events)) * 1e6);
      figures.exactly(`${name}, round ${round + 1}: events that came`, delays.flat().length, streams * events);
      late[name]?.push(quantile(delays.flat(), 0.99));
      first[name]?.push(
        quantile(
          delays.map(([one = Infinity]) => one),
          0.5,
        ),
      );
    }
  // The round that the machine's other work disturbed least.
  const [pipeLate, serveLate] = [Math.min(...(late["pipe"] ?? [])), Math.min(...(late["serve"] ?? []))];
  figures.told("ms from the provider to the client, p99, bare pipe", pipeLate);
  figures.told("the same through the server", serveLate);
  figures.atMost("ms that the server adds to it", serveLate - pipeLate, 20);
  const added = Math.min(...(first["serve"] ?? [])) - Math.min(...(first["pipe"] ?? []));
  figures.atMost("ms that it adds to the first event, p50", added, everyMs);
  const [pipeCpu, serveCpu] = [quantile(cpu["pipe"] ?? [], 0.5), quantile(cpu["serve"] ?? [], 0.5)];
  figures.told("µs of a core for each event, bare pipe", pipeCpu);
  figures.told("the same of the server", serveCpu);
  figures.atMost("the latter by the former", serveCpu / pipeCpu, 2);
  expect(figures.missed(`${streams} streams of ${events} events, ${everyMs} ms apart, best of ${rounds} rounds`)).toEqual([]);
});

/** @returns of each stream, how late its events were, in ms. */
async function readStreams(url: string): Promise<number[][]> {
  const pool = new Pool(url, { connections: streams });
  const body = JSON.stringify({ model: "m", stream: true, messages: [{ role: "user", content: "Hi" }] });
  const read = async (): Promise<number[]> => {
    const { body: stream } = await pool.request({ method: "POST", path: "/v1/chat/completions", body });
    const delays: number[] = [];
    for await (const chunk of stream) {
      const now = performance.timeOrigin + performance.now();
      for (const [, sentAt] of String(chunk).matchAll(/"content":"([\d.]+)"/g)) delays.push(now - Number(sentAt));
    }
    return delays;
  };
  const all = await Promise.all(Array.from({ length: streams }, read));
  await pool.destroy();
  return all;
}

/** Another process, which ends with this one. */
async function startPart(...args: string[]): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = fork(join(import.meta.dirname, "..", "bench", "serve-parts.js"), args, {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  if (child.stdout === null) throw new Error("no port is said");
  const [port] = await once(child.stdout, "data");
  return { child, url: `http://127.0.0.1:${String(port).trim()}` };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
}

/** What a process has used of a core, by Linux's clock of 100 Hz; `NaN` where the system does not say. */
function cpuSeconds({ pid }: ChildProcess): number {
  if (process.platform !== "linux") return Number.NaN;
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
