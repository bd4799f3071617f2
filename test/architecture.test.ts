import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const project = join(import.meta.dirname, "..");
const source = join(project, "src");

interface SourceFile {
  readonly path: string;
  readonly room: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const files: readonly SourceFile[] = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => {
    const text = readFileSync(join(source, path), "utf8");
    const imports = [...text.matchAll(/(?:from|import\()\s*"([^"]+)"/g)].flatMap(([, name]) => name ?? []);
    return { path, room: path.includes("/") ? path.slice(0, path.indexOf("/")) : "index", text, imports };
  });

/** Floor by room: imports go down, never sideways. */
const floors: Readonly<Record<string, number>> = {
  json: 0,
  model: 0.5, // a fingerprint is made of canonical JSON
  jsonl: 1,
  providers: 1,
  limiters: 1,
  caches: 1,
  retry: 1,
  stats: 1,
  mock: 1,
  manager: 2,
  config: 3,
  setup: 4,
  cli: 5,
  index: 5,
};

/** The file of each room that other rooms import. */
const doors: Readonly<Record<string, readonly string[]>> = {
  jsonl: ["jsonl/jsonl.ts"],
  providers: ["providers/provider.ts"],
  limiters: ["limiters/limiters.ts"],
  caches: ["caches/caches.ts"],
  retry: ["retry/retry.ts"],
  stats: ["stats/stats.ts"],
  mock: ["mock/mock-server.ts"],
  manager: ["manager/manager.ts"],
  setup: ["setup/setup.ts"],
};

/** Where each package may be imported. */
const fences: Readonly<Record<string, RegExp>> = {
  commander: /^cli\//,
  "cli-progress": /^cli\//,
  zod: /^(jsonl\/parse-requests|config\/[^/]+)\.ts$/,
  "p-limit": /^(setup|cli)\//,
  bottleneck: /^limiters\/bottleneck\.ts$/,
  keyv: /^caches\/keyv\.ts$/,
  undici: /^providers\/(http-(call|provider)|transport\/[^/]+)\.ts$/,
  "eventsource-parser": /^providers\/event-stream\.ts$/,
  sqlite3: /^caches\/disk\/connection\.ts$/,
};

describe("architecture", () => {
  it("knows every room", () => {
    expect(files.map(({ room }) => room).filter((room) => floors[room] === undefined)).toEqual([]);
  });

  it("imports go down, never sideways", () => {
    const wrong = importsBetweenRooms().filter(({ from, to }) => (floors[to.room] ?? 0) >= (floors[from.room] ?? 0));
    expect(wrong.map(arrow)).toEqual([]);
  });

  it("rooms are entered through their doors", () => {
    const wrong = importsBetweenRooms().filter(({ to }) => doors[to.room] !== undefined && !doors[to.room]?.includes(to.path));
    expect(wrong.map(arrow)).toEqual([]);
  });

  it.each(Object.entries(fences))("%s is imported where it belongs", (name, allowed) => {
    const importers = files.filter(({ imports }) => imports.includes(name)).map(({ path }) => path);
    expect(importers.filter((path) => !allowed.test(path))).toEqual([]);
    expect(importers.length, `${name} is not used`).toBeGreaterThan(0);
  });

  it("only the environment file looks at the environment, only the command line ends the process or prints", () => {
    expect(pathsWith(/process\.env\b/)).toEqual(["config/environment.ts"]);
    expect(pathsWith(/process\.exit\(|\bconsole\./).filter((path) => !path.startsWith("cli/"))).toEqual([]);
  });

  it("no file is longer than a person reads in one go", () => {
    const lengths = files.map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }));
    expect(lengths.filter(({ lines }) => lines > 250)).toEqual([]);
    const sorted = lengths.map(({ lines }) => lines).toSorted((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(80);
  });
});

function importsBetweenRooms(): { from: SourceFile; to: { path: string; room: string } }[] {
  return files.flatMap((from) =>
    from.imports
      .filter((name) => name.startsWith("."))
      .map((name) => relative(source, resolve(dirname(join(source, from.path)), name)))
      .map((path) => ({ from, to: { path, room: path.includes("/") ? path.slice(0, path.indexOf("/")) : "index" } }))
      .filter(({ to }) => to.room !== from.room),
  );
}

function arrow({ from, to }: { from: SourceFile; to: { path: string } }): string {
  return `${from.path} -> ${to.path}`;
}

function pathsWith(pattern: RegExp): string[] {
  return files.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
}
