import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type DiskCache, openDiskCache } from "../../src/caches/cache-store.ts";
import { NotedFingerprints } from "../../src/cli/noted-fingerprints.ts";
import { cancelled } from "../../src/model/failure.ts";
import { fingerprintOfRequest } from "../../src/model/fingerprint.ts";
import type { BatchInput, BatchRequest } from "../../src/model/request.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const lines = 10_000; // two notes are full, and what is left is not noted
const notedLines = 2 * 4096;

/** Blank lines among them, and lines that are no requests; to two models, and later to another. */
function readLines(models = 2): BatchInput[] {
  const lineNumbers = Array.from({ length: lines }, (_, at) => at + 1).filter((lineNumber) => lineNumber % 1000 !== 0);
  return lineNumbers.map((lineNumber) => (lineNumber % 777 === 0 ? invalidLine(lineNumber) : requestOf(lineNumber, models)));
}

function invalidLine(lineNumber: number): BatchInput {
  return { kind: "invalid-line", lineNumber, customId: "invalid", digest: "d", failure: cancelled("no") };
}

function requestOf(lineNumber: number, models: number): BatchRequest {
  const path = "/v1/chat/completions";
  const body = `{"n":${lineNumber}}`;
  const model = lineNumber > 6000 ? "late" : `model-${lineNumber % models}`;
  return { kind: "request", lineNumber, customId: `request-${lineNumber}`, path, model, body };
}

function endpointAt(host: string, { path, model }: BatchRequest): string {
  return `https://${host}${path}?${model}`;
}

let cache: DiskCache;

beforeEach(async () => {
  cache = await openDiskCache({ path: join(temporaryFolder(), "cache.sqlite") });
  onTestFinished(() => cache.close());
});

interface Naming {
  readonly content?: string;
  readonly host?: string;
  /** Of one more model, which is asked from line 6000 on. */
  readonly lateHost?: string;
  readonly models?: number;
  /** Somebody writes into the file when this line has been read. */
  readonly changesAt?: number;
}

/** A run's reading: line after line in groups. @returns how many fingerprints it had to work out. */
async function nameAll({
  content = "content 1",
  host = "one.example",
  lateHost,
  models = 2,
  changesAt = Infinity,
}: Naming = {}): Promise<number> {
  let workedOut = 0;
  const wrong: BatchInput[] = [];
  const endpointOf = (request: BatchRequest): string =>
    endpointAt(request.model === "late" && lateHost !== undefined ? lateHost : host, request);
  const endpoint = (request: BatchRequest): string => {
    workedOut += 1;
    return endpointOf(request);
  };
  let lastRead = 0;
  const version = async (): Promise<string> => (lastRead < changesAt ? content : "another");
  const noted = new NotedFingerprints({ notes: cache, name: "fingerprints of a file", content, version, endpoint });
  const inputs = readLines(models);
  for (let at = 0; at < inputs.length; at += 300) {
    const group = inputs.slice(at, at + 300);
    lastRead = group.at(-1)?.lineNumber ?? 0;
    await noted.prepare(group[0]?.lineNumber ?? 0, lastRead);
    for (const input of group) {
      const named = noted.name(input);
      if (lastRead >= changesAt && named.kind === "request" && named.fingerprint !== undefined) wrong.push(named);
      if (
        lastRead < changesAt &&
        named.kind === "request" &&
        named.fingerprint !== fingerprintOfRequest(named, endpointOf(named))
      )
        wrong.push(named);
    }
  }
  await noted.close();
  expect(wrong).toEqual([]);
  return workedOut;
}

const requests = readLines().filter(({ kind }) => kind === "request");
const requestsBehindNotes = requests.filter(({ lineNumber }) => lineNumber > notedLines).length;

describe("fingerprints of a file that has not changed", () => {
  it("are worked out once, but for the last lines and the first of each model", async () => {
    expect(await nameAll()).toBe(requests.length);
    expect(await nameAll()).toBe(requestsBehindNotes + 3);
    expect(await nameAll()).toBe(requestsBehindNotes + 3);
  });

  it("are worked out anew for another content, and noted in the place of the old ones", async () => {
    await nameAll();
    expect(await nameAll({ content: "content 2" })).toBe(requests.length);
    expect(await nameAll({ content: "content 2" })).toBe(requestsBehindNotes + 3);
    expect(await nameAll({ content: "content 1" })).toBe(requests.length);
  });

  it("are worked out anew when requests go elsewhere, whoever forgot to tell", async () => {
    await nameAll();
    expect(await nameAll({ host: "two.example" })).toBeGreaterThanOrEqual(requests.length);
    expect(await nameAll({ host: "two.example" })).toBe(requestsBehindNotes + 3);
  });

  it("are worked out anew when those of one model do, which comes late in the file", async () => {
    await nameAll();
    const withLate = { lateHost: "three.example" };
    expect(await nameAll(withLate)).toBeLessThan(requests.length / 2 + 2000);
    await nameAll(withLate); // completes the note in which it was found out
    expect(await nameAll(withLate)).toBe(requestsBehindNotes + 3);
  });

  it("are neither given nor noted from where somebody writes into the file", async () => {
    await nameAll();
    expect(await nameAll({ changesAt: 3000 })).toBe(2);
    expect(await nameAll()).toBe(requestsBehindNotes + 3);
    expect(await nameAll({ content: "content 2", changesAt: 3000 })).toBeLessThan(3000);
    expect(await nameAll({ content: "content 2" })).toBe(requests.length);
  });

  it("are right for more models than are compared", async () => {
    await nameAll({ models: 400 });
    expect(await nameAll({ models: 400 })).toBeLessThan(0.7 * requests.length);
  });

  it("are worked out where notes cannot be read or kept", async () => {
    await cache.close();
    expect(await nameAll()).toBe(requests.length);
  });

  it("are worked out where a note was cut or is another's", async () => {
    await nameAll();
    await cache.setNote("fingerprints of a file 0", "content 1\nabc");
    await cache.setNote("fingerprints of a file 1", `content 2\n${"x".repeat(4096 * 43)}`);
    expect(await nameAll()).toBe(requests.length);
  });
});
