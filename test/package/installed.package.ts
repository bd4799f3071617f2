import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { questions, Workplace } from "../e2e/cli.ts";
import { mock } from "../support/closing.ts";
import { provideSqliteBinary } from "./sqlite-binary.ts";
import { compileConsumer } from "./types.ts";

const project = join(import.meta.dirname, "..", "..");
const folder = inject("installed");
const root = join(folder, "node_modules", "llmbatch");
/** In November 2026, with sqlite3 5.1.7 but without its binary: 133 packages. */
const installedBytesBefore = 19_300_000;
/** What has come since: our own part (0.9 MB), prices (2.1 MB), and ajv with what it needs (2.9 MB). */
const addedBytes = 6_000_000;
/** Every vocabulary in three forms; a program that counts loads 2 MB of them. npm leaves it out with `--omit=optional`. */
const tokenizerBytes = 32_000_000;

beforeEach(({ skip }) => skip(inject("notInstalled") !== "", inject("notInstalled")));

const newUser = (): Workplace => new Workplace(join(root, "bin", "llmbatch.js"));

describe("the tarball", () => {
  it("holds what runs and what is read, and nothing else", () => {
    const packed = filesBelow(root).map((path) => relative(root, path));
    const declarations = packed.filter((path) => path.endsWith(".d.ts"));
    const programs = ["bin/llmbatch.js", "dist/index.js"].flatMap((path) => Array.from(reachedFrom(join(root, path))));
    const rest = ["dist/chunks/zod.LICENSE", "dist/llmbatch.schema.json", "package.json", "README.md", "LICENSE"];
    const runs = [...new Set(programs)].map((path) => relative(root, path));
    expect(packed.toSorted()).toEqual([...runs, ...declarations, ...rest].toSorted());
    // A process loads each file that it needs: 0.6 ms of CPU for one.
    expect(runs.length).toBeLessThan(60);
    const sources = declarations.map((path) => join(project, path.replace(/^dist/, "src").replace(/\.d\.ts$/, ".ts")));
    expect(sources.filter((path) => !existsSync(path) || path.includes("/cli/"))).toEqual([]);
  });

  it("takes at most a tenth more room than it did, with all it depends on, and what was built since", () => {
    const tokenizer = bytesBelow(join(folder, "node_modules", "gpt-tokenizer"));
    const bytes = bytesBelow(join(folder, "node_modules")) - tokenizer;
    const megabytes = [bytes, tokenizer].map((size) => (size / 1e6).toFixed(1));
    console.log(
      `installed: ${megabytes[0]} MB without sqlite3's binary, and ${megabytes[1]} MB of gpt-tokenizer, which is optional`,
    );
    expect(bytes).toBeLessThan(installedBytesBefore * 1.1 + addedBytes);
    expect(tokenizer).toBeLessThan(tokenizerBytes);
  });
});

describe("its types, declarations of what it depends on included,", () => {
  it.each(["nodenext", "bundler"] as const)("are found and whole by the resolution of %s", (resolution) => {
    expect(compileConsumer(folder, resolution)).toBe("");
  });

  it("leave publint nothing to say", () => {
    const publint = join(project, "node_modules", "publint", "src", "cli.js");
    const said = execFileSync(process.execPath, [publint, "run", root, "--strict", "--pack", "false"], { encoding: "utf8" });
    expect(said).toMatch(/All good!/);
  });
});

describe("without sqlite3's binary, because no install script ran", () => {
  it("the first line says what to type, and nothing is sent", async () => {
    const server = await mock();
    const user = newUser();
    user.write("in.jsonl", questions(2));
    const { code, stdout, stderr } = await user.run(["run", "in.jsonl", "--base-url", server.url]);
    expect([code, stdout, server.stats().requestsTotal]).toEqual([2, "", 0]);
    expect(stderr.split("\n")[0]).toMatch(/^llmbatch: .*sqlite3.*npm rebuild sqlite3.*--cache memory/);
    expect(stderr).not.toMatch(/\n {4}at /);
  });

  it.each(["memory", "none"])("--cache %s works", async (cache) => {
    const user = newUser();
    user.write("in.jsonl", questions(2));
    const { code, stderr } = await user.run(["run", "in.jsonl", "-p", "mock", "--cache", cache, "-o", "out.jsonl"]);
    expect(code, stderr).toBe(0);
    expect(user.lines("out.jsonl")).toHaveLength(2);
  });

  it("the library sends, answers in order and streams, and its types are whole", () => {
    copyFileSync(join(project, "samples", "library.js"), join(folder, "library.ts"));
    const typescript = join(project, "node_modules", "typescript", "bin", "tsc");
    const options = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2023", "--types", "node"];
    const typeRoots = ["--typeRoots", join(project, "node_modules", "@types")];
    execFileSync(process.execPath, [typescript, ...options, ...typeRoots, "library.ts"], { cwd: folder, stdio: "pipe" });

    copyFileSync(join(project, "samples", "library.js"), join(folder, "library.js"));
    const said = execFileSync(process.execPath, ["library.js"], { cwd: folder, encoding: "utf8" });
    expect(said).toContain("100 of 100 answered");
  });
});

describe("with sqlite3's binary", () => {
  beforeAll(() => {
    if (inject("notInstalled") === "") console.log(provideSqliteBinary(folder));
  }, 600_000);

  it("a run that was killed goes on where it stopped, and a third one sends nothing", async () => {
    const server = await mock({ latencyMs: 20 });
    const user = newUser();
    user.write("in.jsonl", questions(60));
    const args = ["run", "in.jsonl", "--base-url", server.url, "-o", "out.jsonl", "-c", "5"];
    const child = user.start(args, { stdio: "ignore" });
    await expect.poll(() => server.stats().answered).toBeGreaterThan(20);
    child.kill("SIGKILL");
    await once(child, "exit");

    const { code, stderr } = await user.run(args);
    expect(code, stderr).toBe(0);
    expect(user.lines("out.jsonl").map(({ custom_id }) => custom_id)).toEqual(questions(60).map(({ custom_id }) => custom_id));
    expect(server.stats().duplicates).toBeLessThanOrEqual(5);
    const [output, sent] = [user.read("out.jsonl"), server.stats().requestsTotal];
    expect((await user.run(args)).code).toBe(0);
    expect(server.stats().requestsTotal).toBe(sent);
    expect(user.read("out.jsonl")).toBe(output);
  });
});

/** `file`, and what it and those that it imports import, now or later, of ours. */
function reachedFrom(file: string, reached: Set<string> = new Set()): Set<string> {
  reached.add(file);
  for (const [, name = ""] of readFileSync(file, "utf8").matchAll(/(?:from|import|import\() ?"(\.[^"]+)"/g)) {
    const path = join(dirname(file), name);
    if (!reached.has(path)) reachedFrom(path, reached);
  }
  return reached;
}

function bytesBelow(path: string): number {
  return filesBelow(path).reduce((sum, file) => sum + statSync(file).size, 0);
}

function filesBelow(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
