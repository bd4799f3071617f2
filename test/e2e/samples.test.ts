import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { parseLines, Workplace } from "./cli.ts";

const project = join(import.meta.dirname, "..", "..");
const samples = join(project, "samples");

describe("samples", () => {
  it.each(readdirSync(samples).filter((name) => name.endsWith(".jsonl")))("%s has no bad line", async (name) => {
    const { code, stderr } = await new Workplace().run([
      "validate",
      join(samples, name),
      "--model",
      "m",
      "--allow-files",
      samples,
    ]);
    expect(code, stderr).toBe(0);
  });

  it("requests.jsonl and prompts.jsonl are answered by the practice provider", async () => {
    const user = new Workplace();
    const first = await user.run(["run", join(samples, "requests.jsonl"), "--provider", "mock"]);
    expect(first.code).toBe(0);
    expect(parseLines(first.stdout)).toHaveLength(12);
    const second = await user.run(["run", join(samples, "prompts.jsonl"), "--provider", "mock", "--model", "gpt-5.4-mini"]);
    expect(parseLines(second.stdout).map(({ metadata }) => metadata)).toEqual([
      undefined,
      undefined,
      { row: 3, source: "notes.csv" },
      undefined,
    ]);
  });

  it.each(["library.js", "demo.js"])("%s runs", async (name) => {
    const { stdout } = await promisify(execFile)(process.execPath, [join(samples, name)], { cwd: project });
    expect(stdout).toMatch(name === "demo.js" ? /review-1 {2}200/ : /100 of 100 answered/);
  });
});

describe("README", () => {
  it("has a library example that runs as it stands", async () => {
    const readme = readFileSync(join(project, "README.md"), "utf8");
    const [, example = ""] = /```js\n(.*?)```/s.exec(readme) ?? [];
    const program = example.replace("createProvider(", "await practice(").replace("import { ", "import { startMockServer, ")
      .concat(`
        if (results.some(({ status }) => status !== "succeeded")) throw new Error(JSON.stringify(results));
        async function practice(name, options) {
          const server = await startMockServer({ latencyMs: 0 });
          setTimeout(() => server.close(), 3_000).unref();
          return createProvider(name, { ...options, baseUrl: server.url });
        }
        process.exit();
      `);
    const { stderr } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], { cwd: project });
    expect(stderr).toBe("");
  });

  it("has an example of a configuration that is loaded, which runs as it stands", async () => {
    const readme = readFileSync(join(project, "README.md"), "utf8");
    const [, example = ""] = /```js\n(import \{ loadProviders .*?)```/s.exec(readme) ?? [];
    const route = { to: [{ provider: "openai" }] };
    const config = { providers: { openai: { preset: "mock", models: { fast: "gpt-5.4-mini" } } }, routes: { llama: route } };
    const program = example.replace('"llmbatch.config.json"', JSON.stringify(new Workplace().write("c.json", [config])));
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], { cwd: project });
    expect(stdout).toMatch(/promptTokens: \d+[^]*\[ 'openai' \]/);
  });
});
