import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { RateLimit } from "../../src/model/rate-limit.ts";

interface WorkerSettings {
  readonly redisUrl: string;
  /** Base URL of the provider. @default none: the limiter alone starts what takes no time */
  readonly url?: string;
  /** Tokens of each request. */
  readonly sizes: readonly number[];
  readonly limits: readonly RateLimit[];
  readonly concurrency?: number;
  /** How wrong its clock on the wall is. */
  readonly skewMs?: number;
}

/** What a process did. Times are those of the clock that all processes of a machine have in common. */
interface Report {
  /** How often each outcome was. */
  readonly counts: Readonly<Record<string, number>>;
  /** When each request started. */
  readonly starts: readonly number[];
  /** When it heard of each pause. */
  readonly pauses: readonly { readonly atMs: number; readonly pauseMs: number }[];
}

export interface Worker {
  readonly child: ChildProcess;
  /** Once it has been told to go and has sent all. */
  readonly report: Promise<Report>;
}

/** Starts processes that have a share of the work each, and wait until they are told to go. They are gone when the test is over. */
export async function startWorkers(all: readonly WorkerSettings[]): Promise<Worker[]> {
  return Promise.all(
    all.map(async (settings) => {
      const child = fork(join(import.meta.dirname, "worker.js"), [JSON.stringify(settings)]);
      onTestFinished(() => void child.kill("SIGKILL"));
      await once(child, "message");
      const report = once(child, "message").then(([done]) => done);
      // One that is killed has none.
      report.catch(() => {});
      return { child, report };
    }),
  );
}

/** Tells all to go. @returns milliseconds until the last has sent all, all outcomes, and what each did. */
export async function finished(workers: readonly Worker[]): Promise<{
  readonly ms: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly reports: readonly Report[];
}> {
  const startedAt = performance.now();
  for (const { child } of workers) child.send("go");
  const reports = await Promise.all(workers.map(({ report }) => report));
  const counts: Record<string, number> = {};
  for (const report of reports)
    for (const [outcome, count] of Object.entries(report.counts)) counts[outcome] = (counts[outcome] ?? 0) + count;
  return { ms: performance.now() - startedAt, counts, reports };
}

/** The most requests of all processes that started within any span as long as this. */
export function mostWithin(spanMs: number, reports: readonly Report[]): number {
  const starts = reports.flatMap((report) => report.starts).toSorted((a, b) => a - b);
  let most = 0;
  let from = 0;
  for (const [index, atMs] of starts.entries()) {
    while (atMs - (starts[from] ?? atMs) >= spanMs) from += 1;
    most = Math.max(most, index - from + 1);
  }
  return most;
}

/** Deals out to so many: the first, the next, … */
export function dealt<Item>(items: readonly Item[], count: number): Item[][] {
  return Array.from({ length: count }, (_, worker) => items.filter((_item, index) => index % count === worker));
}
