import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseOptions } from "../../src/config/options.ts";
import { RequestParser } from "../../src/jsonl/jsonl.ts";
import { type MockServer, startMockServer } from "../../src/mock/mock.ts";
import { Workplace } from "../e2e/cli.ts";
import { type Block, pages, project } from "./pages.ts";

let server: MockServer;
beforeAll(async () => {
  server = await startMockServer({ latencyMs: 0 });
});
afterAll(() => server.close());

/** The program as if it were installed. npm installs nothing; another test looks for the scripts that it runs. */
const prelude = `set -euo pipefail
llmbatch() { ${JSON.stringify(process.execPath)} ${JSON.stringify(join(project, "bin/llmbatch.js"))} "$@"; }
npm() { :; }
`;

/** What the examples call beside the program. */
const missing = ["bash", "jq", "python3"].filter((tool) => spawnSync(tool, ["--version"]).error !== undefined);

/** Blocks of `sh` and `js` are run, those of `json` are configurations, those of `jsonl` lines of input. Others only show something. */
it("the examples of all pages work, one after the other", { timeout: 240_000 }, async ({ skip }) => {
  skip(missing.length > 0, `there is no ${missing.join(" and no ")}`);
  const programs = [];
  for (const { blocks } of pages) {
    const user = reader();
    const examples = blocks.map(({ language, text, at }) => ({ language, text: atTheMock(text), at }));
    for (const block of examples) expect(await tryOut(block, user), block.at).toBe("");
    const scripts = examples.filter(({ language }) => language === "js");
    const files = scripts.map(({ text, at }) => user.write(`${at.replaceAll(/\W/g, "-")}.mjs`, text));
    programs.push({ folder: user.folder, environment: user.environment, files });
  }
  expect(await runPrograms(programs)).toBe("");
});

/** A reader's folder, with the files that the pages speak of. */
function reader(): Workplace {
  const user = new Workplace();
  mkdirSync(user.path("node_modules"));
  symlinkSync(project, user.path("node_modules/llmbatch"));
  for (const name of ["keyv", "@keyv", "bottleneck"])
    symlinkSync(join(project, "node_modules", name), user.path(`node_modules/${name}`));
  symlinkSync(join(project, "samples"), user.path("samples"));
  for (const name of ["requests", "prompts"]) symlinkSync(`samples/${name}.jsonl`, user.path(`${name}.jsonl`));
  user.write("questions.txt", "Name three rivers.\nWhat is 17 times 23?\n");
  user.write("reviews.csv", 'id,text,stars\nr-1,"Works, like a ""charm""",5\nr-2,Broke,1\n');
  Object.assign(user.environment, { OPENAI_BASE_URL: server.url, OPENAI_KEY_1: "sk-1", OPENAI_KEY_2: "sk-2" });
  return user;
}

/** @returns what is wrong with it; nothing if it works. */
async function tryOut({ language, text }: Block, user: Workplace): Promise<string> {
  if (language === "sh") return runScript(text, user);
  if (language === "jsonl") return text.trimEnd().split("\n").filter(isNoRequest).join("\n");
  return language === "json" && !text.includes("…") ? configure(text, user) : "";
}

/** A command of the program, with what is before it and behind it in a pipe. */
const plainCommand = /^((?:[^|\n]+ \| )?llmbatch [\w ./:=,-]+(?: \| [^|\n]+| # exit code \d+)?)\n/m;

/** The program runs in this process, because one of its own takes 0.5 s of a core; bash gets the rest. */
async function runScript(script: string, user: Workplace): Promise<string> {
  for (const [index, piece] of script.split(plainCommand).entries()) {
    if (piece.trim() === "") continue;
    const [pipe = "", expected = "0"] = index % 2 === 1 ? piece.split(" # exit code ") : [piece];
    let input = "";
    for (const command of index % 2 === 1 ? pipe.split(" | ") : [piece]) {
      const isOurs = index % 2 === 1 && command.startsWith("llmbatch ");
      const { code, stdout, stderr } = isOurs
        ? await user.runHere(command.trimEnd().split(" ").slice(1), input)
        : await user.finish(user.spawn("bash", ["-c", prelude + withExitCodes(command)]), input);
      if (code !== Number(expected)) return `ended with ${code}\n${stderr}`;
      input = stdout;
    }
  }
  return "";
}

/** Each in the folder of its page, and all in one process, because most of what each takes is to start. */
async function runPrograms(programs: readonly object[]): Promise<string> {
  const script = `for (const { folder, environment, files } of ${JSON.stringify(programs)}) {
    process.chdir(folder);
    Object.assign(process.env, environment);
    for (const file of files) await import(file);
  }`;
  const user = new Workplace();
  const { code, stderr } = await user.finish(user.spawn(process.execPath, ["--input-type=module", "--eval", script]));
  return code === 0 ? "" : `ended with ${code}\n${stderr}`;
}

/** `command # exit code 2` has to end like that. */
function withExitCodes(script: string): string {
  return script.replaceAll(/^(.*) # exit code (\d+)$/gm, "code=0; $1 || code=$?; [ $code = $2 ]");
}

/** A configured provider and one of a library do not look for an address in the environment. */
function atTheMock(text: string): string {
  const { url } = server;
  return text
    .replaceAll("http://localhost:8000/v1", url)
    .replaceAll('"openai": {', `"openai": { "base_url": "${url}",`)
    .replaceAll('createProvider("openai", {', `createProvider("openai", { baseUrl: "${url}",`);
}

/** What follows on the page finds it as its configuration file. */
function configure(text: string, user: Workplace): string {
  const { $schema: _, ...options }: Record<string, unknown> = JSON.parse(text);
  const parsed = parseOptions(options);
  user.write("llmbatch.config.json", text);
  return "issues" in parsed ? JSON.stringify(parsed.issues) : "";
}

function isNoRequest(line: string): boolean {
  return new RequestParser({ defaultModel: "any" }).parseValue(JSON.parse(line), 1).kind !== "request";
}
