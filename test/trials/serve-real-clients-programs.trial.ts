import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Finished, Workplace } from "../e2e/cli.ts";
import { startServe } from "../e2e/serving.ts";
import { mock, serve } from "../support/closing.ts";
import { chatAnswer, rateLimited, type Script } from "../support/scripted-server.ts";
import { newerFolder, newerNode, whyMissing } from "./client-sets.ts";
import { faultyScript, plainAnswer, startAimock } from "./client-upstream.ts";
import { Figures } from "./figures.ts";
import { requestsAt, startServing } from "./serving.ts";

const missing = whyMissing(newerFolder);

describe.skipIf(missing !== undefined)(`programs of others${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
  it("Claude Code answers a prompt as it does straight at the provider", async () => {
    const upstream = await startAimock();
    const { url } = await startServe(anthropicUser(), ["-p", "anthropic", "--base-url", `${upstream.url}/v1`]);
    const direct = await claudeCode(upstream.url);
    const before = upstream.getRequests().length;
    const served = await claudeCode(url);
    expect(served).toEqual(direct);
    expect(served).toMatchObject({ code: 0, stdout: `${plainAnswer}\n` });
    const received = upstream.getRequests().slice(before);
    expect(received.map(({ path }) => path)).toContain("/v1/messages");
    expect(await requestsAt(url)).toBe(received.length);
  });

  it("Codex answers a prompt as it does straight at the provider", async () => {
    const upstream = await startAimock();
    const { url } = await startServing(upstream.url);
    const direct = await codex(upstream.url);
    const before = upstream.getRequests().length;
    const served = await codex(url);
    expect(served.code).toBe(0);
    expect(served.stdout).toBe(`${plainAnswer}\n`);
    expect(direct.stdout).toBe(served.stdout);
    const received = upstream.getRequests().slice(before);
    expect(received.map(({ path }) => path)).toContain("/v1/responses");
    expect(await requestsAt(url)).toBe(received.length);
  });

  it("Claude Code and Codex fail where a stream is cut, and never take it for short", async () => {
    const { url: mockUrl } = await mock();
    const upstream = await serve(faultyScript(mockUrl));
    const { url: anthropicUrl } = await startServe(anthropicUser(), ["-p", "anthropic", "--base-url", `${upstream.url}/v1`]);
    const { url: openaiUrl } = await startServing(upstream.url);
    const claude = await claudeCode(anthropicUrl, "cut-claude");
    expect([claude.code, claude.stdout]).toEqual([1, expect.stringContaining("API Error: ")]);
    const { code, stdout } = await codex(openaiUrl, "cut-codex");
    expect([code, stdout]).toEqual([1, ""]);
    expect(await requestsAt(openaiUrl)).toBe(1);
  });

  it("promptfoo asks 50 questions of a provider that takes 60 a minute", async () => {
    const upstream = await serve(paced());
    const { url } = await startServing(upstream.url, "--rpm", "60");
    const figures = new Figures("promptfoo");
    const { successes, failures, errors } = await promptfoo(url, 50);
    figures.exactly("results", successes, 50);
    figures.exactly("failures and errors", failures + errors, 0);
    figures.exactly("its requests", await requestsAt(url), 50);
    figures.exactly("rejected by the provider", upstream.ledger.length - 50, 0);
    expect(figures.missed("an eval of 50, 60 requests a minute")).toEqual([]);
  });
});

const question = "Tell me: plain";

/** Their home is their own, and nothing beyond 127.0.0.1 can be reached: no server is behind that proxy. */
function workplaceOf(environment: Readonly<Record<string, string>>): Workplace {
  const user = new Workplace();
  const offline = { HTTPS_PROXY: "http://127.0.0.1:9", NO_PROXY: "127.0.0.1" };
  Object.assign(user.environment, offline, environment);
  delete user.environment["OPENAI_API_KEY"];
  return user;
}

function anthropicUser(): Workplace {
  const user = new Workplace();
  user.environment["ANTHROPIC_API_KEY"] = "sk-ant-test-0123456789";
  return user;
}

async function claudeCode(url: string, model = "claude-opus-4-8"): Promise<Finished> {
  const user = workplaceOf({
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_AUTH_TOKEN: "any",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
  });
  const program = join(newerFolder, "node_modules", "@anthropic-ai", "claude-code-linux-x64", "claude");
  return user.finish(user.spawn(program, ["-p", question, "--model", model]));
}

async function codex(url: string, model = "gpt-5.4"): Promise<Finished> {
  const user = workplaceOf({ LLMBATCH_TOKEN: "any" });
  mkdirSync(user.path(".codex"));
  user.write(
    ".codex/config.toml",
    `model = "${model}"
model_provider = "llmbatch"
check_for_update_on_startup = false
analytics.enabled = false
features.plugins = false
features.apps = false

[model_providers.llmbatch]
name = "llmbatch"
base_url = "${url}/v1"
wire_api = "responses"
env_key = "LLMBATCH_TOKEN"
request_max_retries = 0
stream_max_retries = 0
`,
  );
  const vendor = join(newerFolder, "node_modules", "@openai", "codex-linux-x64", "vendor", "x86_64-unknown-linux-musl");
  return user.finish(user.spawn(join(vendor, "bin", "codex"), ["exec", "--skip-git-repo-check", question]));
}

/** Takes 60 requests a minute, and two at once: on a busy machine they do not arrive as evenly as they are sent. */
function paced(): Script {
  let level = 2;
  let filledAt = performance.now();
  return ({ arrivedAt }) => {
    level = Math.min(2, level + (arrivedAt - filledAt) / 1000);
    filledAt = arrivedAt;
    if (level < 1) return rateLimited("1");
    level -= 1;
    return chatAnswer();
  };
}

interface EvalStats {
  readonly successes: number;
  readonly failures: number;
  readonly errors: number;
}

/** An eval of so many questions, all at once. */
async function promptfoo(url: string, count: number): Promise<EvalStats> {
  const user = workplaceOf({
    PROMPTFOO_DISABLE_TELEMETRY: "1",
    PROMPTFOO_DISABLE_UPDATE: "1",
    PROMPTFOO_DISABLE_REMOTE_GENERATION: "1",
  });
  const provider = { id: "openai:chat:test-model", config: { apiBaseUrl: `${url}/v1`, apiKey: "any" } };
  const tests = Array.from({ length: count }, (_, index) => ({
    vars: { index },
    assert: [{ type: "contains", value: "Hello" }],
  }));
  const config = { prompts: ["Question {{index}}"], providers: [provider], tests };
  user.write("promptfooconfig.json", JSON.stringify(config));
  const program = join(newerFolder, "node_modules", "promptfoo", "dist", "src", "entrypoint.js");
  const args = ["eval", "-j", String(count), "--no-cache", "--no-table", "--no-progress-bar", "-o", "results.json"];
  const { code, stderr } = await user.finish(user.spawn(newerNode("22"), [program, ...args]));
  expect([code, code === 0 ? "" : stderr]).toEqual([0, ""]);
  return Object(JSON.parse(user.read("results.json"))).results.stats;
}
