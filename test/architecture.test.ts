import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const project = join(import.meta.dirname, "..");
const source = join(project, "src");

interface SourceFile {
  readonly path: string;
  readonly room: string;
  /** The folder inside the room; empty for a file at the room's top. */
  readonly subRoom: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const files: readonly SourceFile[] = readdirSync(source, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => {
    const text = readFileSync(join(source, path), "utf8");
    const imports = [...text.matchAll(/(?:from|import\()\s*"([^"]+)"/g)].flatMap(([, name]) => name ?? []);
    return { path, room: roomOf(path), subRoom: subRoomOf(path), text, imports };
  });

/** Floor by room: imports go down, never sideways. */
const floors: Readonly<Record<string, number>> = {
  json: 0,
  text: 0,
  tokens: 0.3,
  model: 0.5, // a fingerprint is made of canonical JSON
  sockets: 0.7, // its failures are ConfigurationErrors
  jsonl: 1,
  providers: 1,
  limiters: 1,
  caches: 1,
  retry: 1,
  stats: 1,
  pricing: 1,
  context: 1,
  sanitizing: 1,
  validation: 1,
  mock: 1,
  manager: 2,
  estimation: 2,
  library: 3,
  fleet: 3,
  "redis-limits": 2,
  server: 3,
  config: 3,
  setup: 4,
  progress: 4,
  cli: 5,
  index: 5,
};

/** Floors inside a room, from the lowest: a folder imports from those before it. Files at the room's top are its contracts and its door. */
const subFloors: Readonly<Record<string, readonly string[]>> = {
  caches: ["disk", "shared"],
  config: ["secrets"],
  fleet: ["wire", "redis", "worker", "coordinator"],
  cli: ["terminal", "files", "input", "output", "report", "fleet", "commands", "merge"],
  jsonl: ["attachments", "warnings"],
  limiters: ["limits", "health", "learning", "scheduler"],
  manager: ["answers", "money", "preparing", "stops", "queues", "live"],
  mock: ["limits", "faults", "apis", "server"],
  server: ["http", "pages", "clients", "live"],
  model: ["counting"],
  providers: ["failures", "protocols", "responses", "transport", "routing"],
  stats: ["sums"],
};

/** The file of each room that other rooms import; it only exports. */
const doors: Readonly<Record<string, string>> = {
  jsonl: "jsonl/jsonl.ts",
  providers: "providers/providers.ts",
  limiters: "limiters/limiters.ts",
  caches: "caches/caches.ts",
  retry: "retry/retry.ts",
  stats: "stats/stats.ts",
  tokens: "tokens/tokens.ts",
  pricing: "pricing/pricing.ts",
  context: "context/context.ts",
  sanitizing: "sanitizing/sanitizing.ts",
  validation: "validation/validation.ts",
  estimation: "estimation/estimation.ts",
  mock: "mock/mock.ts",
  manager: "manager/manager.ts",
  library: "library/library.ts",
  fleet: "fleet/fleet.ts",
  "redis-limits": "redis-limits/redis-limits.ts",
  server: "server/server.ts",
  setup: "setup/setup.ts",
  progress: "progress/progress.ts",
};

/** Where each package may be imported. */
const fences: Readonly<Record<string, RegExp>> = {
  commander: /^cli\//,
  "cli-progress": /^progress\/bar\.ts$/,
  zod: /^(jsonl\/read-envelope|(config|library|fleet\/wire)\/[^/]+)\.ts$/,
  "p-limit": /^(setup|cli)\//,
  bottleneck: /^limiters\/bottleneck\.ts$/,
  keyv: /^caches\/(keyv|shared\/open-adapter)\.ts$/,
  "@keyv/redis": /^caches\/shared\/open-adapter\.ts$/,
  "@keyv/postgres": /^caches\/shared\/open-adapter\.ts$/,
  undici: /^providers\/(http-provider|transport\/[^/]+)\.ts$/,
  "eventsource-parser": /^providers\/responses\/event-stream\.ts$/,
  "@pydantic/genai-prices": /^pricing\//,
  "gpt-tokenizer": /^tokens\//,
  ajv: /^validation\//,
  "ajv-formats": /^validation\//,
  bullmq: /^fleet\//,
  ioredis: /^fleet\//,
  sqlite3: /^caches\/disk\/connection\.ts$/,
};

describe("architecture", () => {
  it("knows every room", () => {
    expect(files.map(({ room }) => room).filter((room) => floors[room] === undefined)).toEqual([]);
  });

  it("imports go down, never sideways", () => {
    const wrong = importsBetween(roomOf).filter(({ from, to }) => {
      return (floors[roomOf(to)] ?? 0) >= (floors[from.room] ?? 0);
    });
    expect(wrong.map(arrow)).toEqual([]);
  });

  it("knows every folder of every room", () => {
    const unknown = files.filter(({ room, subRoom }) => subRoom !== "" && subFloors[room]?.includes(subRoom) !== true);
    expect(unknown.map(({ path }) => path)).toEqual([]);
  });

  it("inside a room imports go down, too", () => {
    const wrong = importsBetween((path) => join(roomOf(path), subRoomOf(path))).filter(({ from, to }) => {
      const order = subFloors[from.room] ?? [];
      const isInside = from.room === roomOf(to) && from.subRoom !== "" && subRoomOf(to) !== "";
      return isInside && order.indexOf(subRoomOf(to)) >= order.indexOf(from.subRoom);
    });
    expect(wrong.map(arrow)).toEqual([]);
  });

  it("no file reaches itself by imports, those of types included", () => {
    expect(findCircle()).toBeUndefined();
  });

  it("rooms are entered through their doors", () => {
    const wrong = importsBetween(roomOf).filter(({ to }) => (doors[roomOf(to)] ?? to) !== to);
    expect(wrong.map(arrow)).toEqual([]);
  });

  it("doors only export", () => {
    const paths = new Set(Object.values(doors));
    const busy = files.filter(
      ({ path, text }) => paths.has(path) && withoutComments(text).replaceAll(exportFrom, "").trim() !== "",
    );
    expect(busy.map(({ path }) => path)).toEqual([]);
  });

  it.each(Object.entries(fences))("%s is imported where it belongs", (name, allowed) => {
    const isOfIt = (imported: string): boolean => imported === name || imported.startsWith(`${name}/`);
    const importers = files.filter(({ imports }) => imports.some(isOfIt)).map(({ path }) => path);
    expect(importers.filter((path) => !allowed.test(path))).toEqual([]);
    expect(importers.length, `${name} is not used`).toBeGreaterThan(0);
  });

  it("only the environment file looks at the environment, only the command line ends the process or prints", () => {
    expect(pathsWith(/process\.env\b/)).toEqual(["config/environment.ts"]);
    expect(pathsWith(/process\.exit\(|\bconsole\.\w+\(/).filter((path) => !path.startsWith("cli/"))).toEqual([]);
  });

  it("no file is longer than a person reads in one go", () => {
    const lengths = files.map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }));
    expect(lengths.filter(({ lines }) => lines > 250)).toEqual([]);
    const sorted = lengths.map(({ lines }) => lines).toSorted((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(65);
  });

  it("no folder holds more files than a person takes in at a glance", () => {
    const counts = new Map<string, number>();
    for (const { path } of files) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > 16)).toEqual([]);
  });
});

const exportFrom = /export (?:type )?(?:\*|\{[^}]*\}) from "[^"]+";/g;

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

function roomOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "index";
}

function subRoomOf(path: string): string {
  return path.split("/").slice(1, -1).join("/");
}

/** What a file imports of the project, as paths below `src/`. */
function importedPaths({ path, imports }: SourceFile): string[] {
  return imports
    .filter((name) => name.startsWith("."))
    .map((name) => relative(source, resolve(dirname(join(source, path)), name)));
}

interface Import {
  readonly from: SourceFile;
  readonly to: string;
}

/** @param groupOf Imports inside a group are left out. */
function importsBetween(groupOf: (path: string) => string): Import[] {
  return files.flatMap((from) =>
    importedPaths(from)
      .filter((to) => groupOf(to) !== groupOf(from.path))
      .map((to) => ({ from, to })),
  );
}

function arrow({ from, to }: Import): string {
  return `${from.path} -> ${to}`;
}

/** Depth first: the first path that comes back to a file it went through. */
function findCircle(): readonly string[] | undefined {
  const imported = new Map(files.map((file) => [file.path, importedPaths(file)]));
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]): readonly string[] | undefined => {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const next of imported.get(path) ?? []) {
      const circle = visit(next, [...way, path]);
      if (circle !== undefined) return circle;
    }
    done.add(path);
    return undefined;
  };
  for (const { path } of files) {
    const circle = visit(path, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

function pathsWith(pattern: RegExp): string[] {
  return files.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
}
