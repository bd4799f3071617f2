import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { flagOf, optionTable } from "../../src/config/option-table.ts";
import { questions, Workplace } from "./cli.ts";

describe("help", () => {
  it("of `run` shows every option with its default", async () => {
    const { code, stdout } = await new Workplace().runHere(["run", "--help"]);
    expect(code).toBe(0);
    const help = stdout.replaceAll(/\s+/g, " ");
    for (const row of optionTable) {
      expect(help).toContain(flagOf(row.key));
      expect(help).toContain(row.default === undefined ? row.description : `${row.description} (default: ${row.default})`);
    }
  });

  it("of the whole names every command", async () => {
    const { stdout } = await new Workplace().runHere(["--help"]);
    for (const command of ["run", "validate", "providers", "check", "cache", "mock"]) expect(stdout).toContain(`  ${command} `);
  });

  it.each([[["--version"]], [["-V"]]])("%s prints the version and nothing else", async (args) => {
    const { code, stdout } = await new Workplace().runHere(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("wrong usage ends with code 2, in words", () => {
  const cases: [args: string[], words: RegExp][] = [
    [["run", "in.jsonl", "--bogus"], /^llmbatch: unknown option '--bogus'/],
    [["run", "nowhere.jsonl"], /nowhere\.jsonl/],
    [["run", "in.jsonl", "--rpm", "many"], /--rpm: expected a whole number above 0, not "many"/],
    [["run", "in.jsonl", "-c", "0"], /--concurrency: expected a whole number above 0/],
    [["run", "in.jsonl", "--set", "temperature"], /--set: expected KEY=JSON/],
    [["run", "in.jsonl", "--header", "nonsense"], /--header: expected a header/],
    [["run", "in.jsonl", "--max-failures", "200%"], /--max-failures/],
    [["run", "in.jsonl", "--cache", "cloud"], /--cache: expected disk, memory or none/],
    [["run", "in.jsonl", "--cache-ttl", "soon"], /--cache-ttl: expected a length of time/],
    [["run", "in.jsonl", "--base-url", "ftp://x"], /--base-url/],
    [["run", "in.jsonl", "-p", "nobody"], /no provider "nobody"\. There are: openai, /],
    [["run", "in.jsonl", "-p", "antropic"], /no provider "antropic"\. Did you mean "anthropic"\? There are: openai, /],
    [["run", "in.jsonl", "-o", "in.jsonl"], /same file/],
    [["run", "in.jsonl", "-o", "no/such/folder/out.jsonl"], /no\/such\/folder/],
    [
      ["run", "in.jsonl", "-p", "mock", "--stats", "no/such/s.json"],
      /cannot write no\/such\/s\.json: there is no directory no\/such/,
    ],
    [["run", "in.jsonl", "--dedupe", "--cache", "none"], /dedupe/],
    [["mock", "--rpm", "x"], /--rpm/],
    [["mock", "--fail-rate", "5"], /^llmbatch: --fail-rate is 5: it must be a number from 0 to 1\./],
    [["mock", "--itpm", "5"], /The rules "openai" have no --itpm: set --tpm\.\n/],
    [["mock", "--outage", "-5,1,500"], /--outage/],
    [["cache", "has", "nowhere.jsonl"], /there is no file nowhere\.jsonl, and it is neither the id of a result nor/],
    [["frobnicate"], /frobnicate/],
  ];

  it.each(cases)("%j", async (args, words) => {
    const user = new Workplace();
    user.write("in.jsonl", questions(1));
    const { code, stderr, stdout } = await user.runHere(args);
    expect(stderr).toMatch(words);
    expect(stderr).not.toMatch(/at .*\.js:\d+/);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });
});

describe("a mistake leaves no file behind, and the one of an interrupted run as it was", () => {
  const logs = ["--log", "run.log", "--log-bodies", "bodies"];
  const cases: [flags: string[], words: RegExp][] = [
    [["-o", "out.jsonl", "--dedupe", "--cache", "none", ...logs], /--dedupe needs a cache/],
    [["-o", "new.jsonl", "--errors", "no/such/errors.jsonl", ...logs], /no directory no\/such; make it first/],
    [["-o", "no/such/out.jsonl", ...logs], /no directory no\/such; make it first/],
    [["-o", "new.jsonl", "--log", "no/such/run.log"], /no directory no\/such; make it first/],
    [["-o", "new.jsonl", "--log-bodies", "in.jsonl/bodies"], /cannot log bodies in in\.jsonl\/bodies/],
  ];

  it.each(cases)("%j", async (flags, words) => {
    const user = new Workplace();
    user.write("in.jsonl", questions(1));
    user.write("out.jsonl.partial", "older\n");
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "-p", "mock", ...flags]);
    expect(stderr).toMatch(words);
    expect(code).toBe(2);
    expect(readdirSync(user.folder).filter((name) => name !== "cache")).toEqual(["in.jsonl", "out.jsonl.partial"]);
    expect(user.read("out.jsonl.partial")).toBe("older\n");
  });
});

describe("where options come from", () => {
  it("flags win over the environment, that over the file", async () => {
    const user = new Workplace();
    user.write("in.jsonl", ["one", "two", "three", "four"]);
    user.write("llmbatch.config.json", JSON.stringify({ provider: "mock", model: "from-file", limit: 3, quiet: true }));
    const models = async (flags: string[]): Promise<string[]> =>
      [...(await user.runHere(["run", "in.jsonl", ...flags])).stdout.matchAll(/"model":"([^"]+)"/g)].map(
        ([, model]) => model ?? "",
      );
    expect(await models([])).toEqual(["from-file", "from-file", "from-file"]);
    user.environment["LLMBATCH_MODEL"] = "from-environment";
    user.environment["LLMBATCH_LIMIT"] = "2";
    expect(await models([])).toEqual(["from-environment", "from-environment"]);
    expect(await models(["-m", "from-flag", "--limit", "1"])).toEqual(["from-flag"]);
  });

  it("a mistake in the file names the file and the key", async () => {
    const user = new Workplace();
    user.write("in.jsonl", ["one"]);
    user.write("my.json", JSON.stringify({ rpm: "fast", colour: "red", time_out: 5 }));
    const { code, stderr } = await user.runHere(["run", "in.jsonl", "--config", "my.json"]);
    expect(code).toBe(2);
    expect(stderr).toContain('my.json: "rpm": expected a whole number above 0, not "fast"');
    expect(stderr).toContain('my.json: "colour": there is no such option\n');
    expect(stderr).toContain('my.json: "time_out": there is no such option; did you mean "timeout"?');
  });

  it("a file that is no JSON stops the run instead of being replaced by defaults", async () => {
    const user = new Workplace();
    user.write("in.jsonl", ["one"]);
    user.write("llmbatch.config.json", "{provider: mock}");
    const { code, stderr } = await user.runHere(["run", "in.jsonl"]);
    expect(code).toBe(2);
    expect(stderr).toContain("llmbatch.config.json");
  });
});
