import type { ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { Workplace } from "../e2e/cli.ts";
import { startServe } from "../e2e/serving.ts";

/** A server for live clients in a process of its own. */
export interface ServingProcess {
  readonly child: ChildProcess;
  readonly port: number;
  /** `http://127.0.0.1:PORT`, with no slash at the end. */
  readonly url: string;
}

/** Starts `llmbatch serve` before this upstream, and waits until it is ready. It is gone when the test is over. */
export async function startServing(upstreamUrl: string, ...more: string[]): Promise<ServingProcess> {
  const { child, url } = await startServe(new Workplace(), ["--base-url", `${upstreamUrl}/v1`, ...more]);
  return { child, url, port: Number(new URL(url).port) };
}

/** What a process holds now, in MB; `NaN` where the system does not say. */
export function residentMegabytes({ pid }: ChildProcess): number {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(proc(() => readFileSync(`/proc/${pid}/status`, "utf8")) ?? "") ?? [];
  return (Number(kilobytes) * 1024) / 1e6;
}

/** TCP sockets that a process has open, listening ones included; undefined where the system does not say. */
export function openSockets({ pid }: ChildProcess): number | undefined {
  const tables = ["tcp", "tcp6"].map((name) => proc(() => readFileSync(`/proc/${pid}/net/${name}`, "utf8")) ?? "");
  const ofTcp = new Set(tables.flatMap((text) => text.split("\n").slice(1)).map((line) => line.trim().split(/\s+/)[9]));
  const descriptors = proc(() => readdirSync(`/proc/${pid}/fd`));
  if (descriptors === undefined) return undefined;
  const inodes = descriptors.map(
    (name) => /^socket:\[(\d+)\]$/.exec(proc(() => readlinkSync(`/proc/${pid}/fd/${name}`)) ?? "")?.[1],
  );
  return inodes.filter((inode) => inode !== undefined && ofTcp.has(inode)).length;
}

function proc<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Requests of clients that the server has counted, refused ones included. */
export async function requestsAt(url: string, token = "any"): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } })).text();
  const counts = metrics.matchAll(/^llmbatch_requests_total\{endpoint="\/v1\/[^"]*",[^}]*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}
