import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openDiskCache } from "../../src/caches/cache-store.ts";
import { openInput } from "../../src/cli/input.ts";
import { NotedFingerprints } from "../../src/cli/noted-fingerprints.ts";
import { ReadingThread, type ReadingThreadOptions, type ThreadSettings } from "../../src/cli/reading-thread.ts";
import { readRequests } from "../../src/cli/requests.ts";
import { firstLine } from "../../src/jsonl/split-lines.ts";
import { fingerprint } from "../../src/model/fingerprint.ts";
import type { BatchInput, BatchRequest } from "../../src/model/request.ts";

const lines = 4100;
const script = new URL("../../dist/cli/reading-thread-worker.js", import.meta.url);
let folder = "";
let file = "";
/** What is read without a thread. */
let here: readonly BatchInput[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "llmbatch-test-"));
  file = join(folder, "requests.jsonl");
  writeFileSync(file, Array.from({ length: lines }, (_, n) => lineOf(n)).join(""));
  await setTimeout(2600); // a file that changed just now could change again unnoticed: it is read by one thread only
  const { requests } = await read({ wantedLines: 0 });
  here = requests;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every form, blank lines, metadata, two models, and some text; about 300 bytes. */
function lineOf(n: number): string {
  const text = `Question ${n}: \\u00e9 "é" 日本 ${"x".repeat(200)}`;
  const messages = [{ role: "user", content: text }];
  const forms = [
    { custom_id: `id-${n}`, body: { model: n % 8 === 0 ? "large" : "small", messages, max_tokens: n }, metadata: { n } },
    { model: "small", messages, temperature: 0.1 },
    { prompt: text },
    { custom_id: `id-${n}`, url: "/v1/embeddings", provider: "other", body: { model: "embed", input: text }, unknown: 1 },
  ];
  return `${JSON.stringify(forms[n % 4])}\n${n % 100 === 0 ? "\r\n \n" : ""}`;
}

const endpoint = ({ path }: BatchRequest): string => `https://example.com${path}`;
const parsing = { model: "default", set: [], allow_files: undefined };

interface Reading {
  readonly requests: readonly BatchInput[];
  readonly warnings: readonly string[];
  /** Those that had their fingerprint worked out in the other thread. */
  readonly fromThread: readonly BatchRequest[];
}

interface ReadingOptions extends Partial<ReadingThreadOptions> {
  readonly limit?: number;
  /** Reads a first group, waits until the thread is ready, and then reads on. */
  readonly waits?: boolean;
  readonly noted?: NotedFingerprints;
  /** After so many lines the run no longer waits for the reading. */
  readonly wantedLines?: number;
}

async function read({
  limit,
  waits = false,
  wantedLines = lines + 1,
  path = file,
  noted,
  ...more
}: ReadingOptions): Promise<Reading> {
  const input = await openInput(path, Readable.from([]));
  const requests: BatchInput[] = [];
  const warnings: string[] = [];
  const warn = (warning: string): unknown => warnings.push(warning);
  const threadOptions = {
    path,
    version: (await input.version()) ?? "",
    parsing,
    lines,
    isWanted: () => requests.length < wantedLines,
    endpoint,
    worthwhileLines: 0,
    script,
    ...more,
  };
  const thread = new ReadingThread(threadOptions);
  const options = { ...parsing, limit: { lines: limit, rates: [] }, checked: { idsAreUnique: true }, thread, noted };
  for await (const group of readRequests(input, options, warn)) {
    const some = [...group];
    requests.push(...some);
    if (waits && requests.length === some.length) await untilReady(thread);
  }
  await input.close();
  return { requests, warnings, fromThread: requests.filter(isFromThread) };
}

async function untilReady(thread: ReadingThread): Promise<void> {
  while (!thread.canTakeOver(firstLine)) await setTimeout(1);
}

function isFromThread(request: BatchInput): request is BatchRequest {
  return request.kind === "request" && request.fingerprint !== undefined;
}

function withoutFingerprint(input: BatchInput): BatchInput {
  if (input.kind !== "request") return input;
  const { fingerprint: _, ...request } = input;
  return request;
}

it("reads the same requests in another thread, with the fingerprints that they have", async () => {
  expect(here).toHaveLength(lines);
  const { requests, warnings, fromThread } = await read({ waits: true });
  expect(fromThread.length).toBeGreaterThan(lines / 4);
  expect(requests.map(withoutFingerprint)).toEqual(here);
  expect(warnings).toHaveLength(1);
  expect(fromThread.filter((request) => request.fingerprint !== fingerprint(endpoint(request), request.body))).toEqual([]);
});

it("gives requests the fingerprints that are noted, wherever they are read", async () => {
  const cache = await openDiskCache({ path: join(folder, "cache.sqlite") });
  let workedOut = 0;
  const readNoted = (): Promise<Reading> => {
    workedOut = 0;
    const endpointOf = (request: BatchRequest): string => {
      workedOut += 1;
      return endpoint(request);
    };
    const noted = new NotedFingerprints({
      notes: cache,
      name: "file",
      content: "content",
      version: async () => "content",
      endpoint: endpointOf,
    });
    return read({ waits: true, noted }).finally(() => noted.close());
  };
  for (const most of [lines, lines / 10]) {
    const { requests } = await readNoted();
    expect(requests.map(withoutFingerprint)).toEqual(here);
    for (const request of requests.filter(isFromThread))
      expect(request.fingerprint).toBe(fingerprint(endpoint(request), request.body));
    expect(requests.filter(isFromThread)).toHaveLength(lines);
    expect(workedOut).toBeLessThanOrEqual(most);
  }
  await cache.close();
});

it("goes on here when the run no longer waits for it", async () => {
  const { requests, fromThread } = await read({ waits: true, wantedLines: lines / 2 });
  expect(fromThread.length).toBeGreaterThan(0);
  expect(requests.map(withoutFingerprint)).toEqual(here);
  expect(requests.slice(-1000).filter(isFromThread)).toEqual([]);
});

it("takes no more lines than are wanted", async () => {
  const { requests, fromThread } = await read({ waits: true, limit: 3333 });
  expect(fromThread.length).toBeGreaterThan(0);
  expect(requests.map(withoutFingerprint)).toEqual(here.slice(0, 3333));
});

it("does not begin for a few lines", async () => {
  const { requests, fromThread } = await read({ worthwhileLines: lines, script: new URL("file:///missing.mjs") });
  expect(fromThread).toEqual([]);
  expect(requests).toEqual(here);
});

it("leaves alone another file that has taken the name", async () => {
  const settings: ThreadSettings = { path: file, version: "of the one that was checked", parsing };
  const worker = new Worker(script, { workerData: settings });
  await expect(once(worker, "message")).rejects.toThrow("another file has taken the name");
});

const ready = "parentPort.postMessage({ kind: 'ready' });";
const scripts = {
  "dies at its start": "throw new Error('broken')",
  "dies when it is asked to read": `${ready} parentPort.on('message', () => { throw new Error('broken') })`,
  "dies without a word": `${ready} parentPort.on('message', () => process.exit())`,
};

it.each(Object.entries(scripts))("goes on here when the thread %s", async (_, code) => {
  const path = join(folder, "worker.mjs");
  writeFileSync(path, `import { parentPort } from 'node:worker_threads'; ${code}`);
  const { requests, fromThread } = await read({ waits: code.startsWith(ready), script: pathToFileURL(path) });
  expect(fromThread).toEqual([]);
  expect(requests).toEqual(here);
});

it.each(["file:///missing.mjs", "https://example.com/is-refused-at-once.mjs"])(
  "goes on here when no thread begins: %s",
  async (url) => {
    const { requests, fromThread } = await read({ script: new URL(url) });
    expect(fromThread).toEqual([]);
    expect(requests).toEqual(here);
  },
);
