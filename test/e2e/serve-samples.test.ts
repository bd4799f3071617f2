import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Workplace } from "./cli.ts";
import { startServe } from "./serving.ts";

const folder = join(import.meta.dirname, "..", "..", "samples", "clients");
const names = readdirSync(folder);
const has = (tool: string): boolean => spawnSync(tool, ["--version"]).error === undefined;

describe("the samples of clients", () => {
  it("work that need what the project has: openai, @anthropic-ai/sdk, curl", async ({ skip }) => {
    skip(!has("curl"), "there is no curl");
    const user = new Workplace();
    user.environment["TOKEN"] = "a-token-0123456789";
    const { child, url, ended } = await startServe(user, ["-p", "mock", "--token-env", "TOKEN"]);
    user.environment["SERVER"] = url;
    const programs = ["openai.js", "anthropic.js"].map((name) => `await import(${JSON.stringify(join(folder, name))});`);
    const script = ["--input-type=module", "--eval", programs.join("\n")];
    const byNode = await user.finish(user.spawn(process.execPath, script));
    expect([byNode.code, byNode.stderr]).toEqual([0, ""]);
    expect(byNode.stdout).toMatch(/^(?:.+\n){4}$/);
    const byCurl = await user.finish(user.spawn("bash", [join(folder, "curl.sh")]));
    expect([byCurl.code, byCurl.stderr]).toEqual([0, ""]);
    expect(byCurl.stdout).toMatch(/^\{.*"chat\.completion".*\}\n[^]*event: message_stop\n/);
    child.kill("SIGTERM");
    expect((await ended).stderr).toMatch(/^llmbatch: serving http:.*\nllmbatch: stopped\n$/);
  });

  it.each(names.filter((name) => name.endsWith(".py")))("are Python that names the server and a token: %s", (name) => {
    const text = readFileSync(join(folder, name), "utf8");
    const url = name.startsWith("anthropic") ? /base_url=server,/ : /(?:base_url|api_base)=f"\{server\}\/v1",/;
    expect(text).toMatch(url);
    expect(text).toMatch(/os\.environ\.get\("SERVER", "http:\/\/localhost:8000"\)[^]*api_key=os\.environ\.get\("TOKEN", "any"\)/);
  });

  it("stand in the page of clients, each", () => {
    const page = readFileSync(join(folder, "..", "..", "docs", "serve-clients.md"), "utf8");
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});
