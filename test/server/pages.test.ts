import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { createLimiter, type Limiter } from "../../src/index.ts";
import { chatAnswer } from "../support/scripted-server.ts";
import { ask, serveLive } from "./live-server.ts";

const models = [
  { id: "small", ownedBy: "gpu" },
  { id: "openai/gpt-5.4-mini", ownedBy: "openai" },
];

describe("the list of models", () => {
  it("is what clients of both families read, without a null", async () => {
    const { upstream, url } = await serveLive(undefined, { models });
    for (const path of ["/v1/models", "/v1//models", "/models", "/v1/models?limit=20", "/v1/models/"]) {
      const text = await (await fetch(url + path)).text();
      expect(text).not.toContain("null");
      expect(JSON.parse(text)).toMatchObject({
        object: "list",
        data: [
          { id: "small", object: "model", created: expect.any(Number), owned_by: "gpu", type: "model", display_name: "small" },
          { id: "openai/gpt-5.4-mini" },
        ],
        has_more: false,
        first_id: "small",
        last_id: "openai/gpt-5.4-mini",
      });
    }
    expect(upstream.ledger).toEqual([]);
  });

  it.each(["openai/gpt-5.4-mini", "openai%2Fgpt-5.4-mini"])("has a page for each: %s", async (id) => {
    const { url } = await serveLive(undefined, { models });
    expect(await (await fetch(`${url}/v1/models/${id}`)).json()).toMatchObject({ id: "openai/gpt-5.4-mini", object: "model" });
    const missing = await fetch(`${url}/v1/models/${id}x`);
    expect([missing.status, await missing.json()]).toMatchObject([404, { error: { code: "model_not_found" } }]);
  });
});

describe("a token", () => {
  it("is wanted before anything else is told, and taken in either header", async () => {
    const { upstream, url } = await serveLive(undefined, { models, token: "let-me-in" });
    for (const path of ["/v1/models", "/stats", "/metrics", "/v1/nothing"]) expect((await fetch(url + path)).status).toBe(401);
    const refusal = await ask(url, undefined, { headers: { authorization: "Bearer wrong" } });
    expect(await refusal.json()).toMatchObject({ error: { type: "invalid_request_error", code: "invalid_api_key" } });
    expect(refusal.headers.get("www-authenticate")).toBe("Bearer");
    expect((await fetch(`${url}/v1/messages`, { method: "POST" })).status).toBe(401);
    expect(upstream.ledger).toEqual([]);
    for (const headers of [{ authorization: "bearer let-me-in" }, { "x-api-key": "let-me-in" }])
      expect((await ask(url, undefined, { headers })).status).toBe(200);
    for (const path of ["/", "/health", "/health/ready", "/api/hello"]) expect((await fetch(url + path)).status).toBe(200);
  });

  it("that is guessed often has to wait", async () => {
    const { url } = await serveLive(undefined, { token: "let-me-in" });
    const statuses = await Promise.all(Array.from({ length: 60 }, async () => (await ask(url)).status));
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
  });

  it("is any where none is set", async () => {
    const { url } = await serveLive();
    expect((await ask(url, undefined, { headers: { authorization: "Bearer anything" } })).status).toBe(200);
  });
});

describe("pages of browsers", () => {
  const origin = "https://app.example.com";

  it("may ask where they are named, and nowhere else", async () => {
    const { upstream, url } = await serveLive(undefined, { allowedOrigins: [origin], token: "let-me-in" });
    const preflight = await fetch(`${url}/v1/chat/completions`, { method: "OPTIONS", headers: { origin } });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe(origin);
    for (const name of ["x-stainless-retry-count", "x-llmbatch-cache", "x-llmbatch-priority"])
      expect(preflight.headers.get("access-control-allow-headers")?.split(", ")).toContain(name);
    for (const name of ["x-llmbatch-cache", "age"])
      expect(preflight.headers.get("access-control-expose-headers")?.split(", ")).toContain(name);
    const answered = await ask(url, undefined, { headers: { origin, authorization: "Bearer let-me-in" } });
    expect([answered.status, answered.headers.get("access-control-allow-origin")]).toEqual([200, origin]);
    const stranger = await fetch(`${url}/v1/chat/completions`, {
      method: "OPTIONS",
      headers: { origin: "https://evil.example" },
    });
    expect([stranger.status, stranger.headers.get("access-control-allow-origin")]).toEqual([403, null]);
    expect(upstream.ledger).toHaveLength(1);
  });
});

describe("figures", () => {
  it("are those of the manager, and of what was refused", async () => {
    const { manager, url } = await serveLive(() => chatAnswer(), { allowedHosts: ["gateway.internal"] });
    await manager.send({ model: "m", messages: [] });
    await ask(url);
    await fetch(`${url}/v1/nothing`);
    const stats = await (await fetch(`${url}/stats`)).json();
    expect(stats).toMatchObject({ requests_completed: 2, total_tokens: 30, in_flight: 0, waiting: 0 });
    const text = await (await fetch(`${url}/metrics`)).text();
    for (const line of [
      'llmbatch_requests_total{endpoint="/v1/chat/completions",status="200"} 1',
      'llmbatch_requests_total{endpoint="nowhere",status="404"} 1',
      'llmbatch_refused_total{reason="unknown_url"} 1',
      'llmbatch_tokens_total{direction="input"} 20',
      'llmbatch_attempts_total{provider="openai",outcome="ok"} 1',
      "llmbatch_queue_seconds_count 1",
      "llmbatch_in_flight 0",
    ])
      expect(text.split("\n")).toContain(line);
  });

  it("are what Prometheus' own checker takes", async ({ skip }) => {
    skip(spawnSync("promtool", ["--version"]).error !== undefined, "there is no promtool (Debian: prometheus)");
    const { url } = await serveLive();
    await ask(url);
    await fetch(`${url}/v1/nothing`);
    const input = await (await fetch(`${url}/metrics`)).text();
    const { status, stderr } = spawnSync("promtool", ["check", "metrics"], { input, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
  });

  it("have the form that Prometheus reads: each family is named, described and typed once, before its samples", async () => {
    const { url } = await serveLive();
    await ask(url);
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const text = await response.text();
    expect(text.endsWith("\n")).toBe(true);
    expect(misplacedLines(text.trimEnd().split("\n"))).toEqual([]);
    expect(text.match(/^# TYPE (?!llmbatch_)/m)).toBeNull();
  });
});

it("a part of the program's own that throws costs the request, not the server", async () => {
  const limiter = createLimiter({ concurrency: 1 });
  const broken: Limiter = {
    waiting: 0,
    run: (...args) => limiter.run(...args),
    status: () => {
      throw new Error("broken");
    },
    rateLimits: () => [],
    resetRateLimits: () => {},
  };
  const { server, url } = await serveLive(undefined, { options: { limiter: broken } });
  await expect(fetch(`${url}/stats`)).rejects.toThrow("fetch failed");
  await server.idle();
  expect((await fetch(`${url}/health`)).status).toBe(200);
});

it("draining, it takes nothing new and says so", async () => {
  const { upstream, server, url } = await serveLive();
  server.drain();
  expect((await fetch(`${url}/health/ready`)).status).toBe(503);
  expect((await fetch(`${url}/health`)).status).toBe(200);
  const refusal = await ask(url);
  expect([refusal.status, refusal.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(await refusal.json()).toMatchObject({ error: { code: "shutting_down" } });
  expect(upstream.ledger).toEqual([]);
});

/** Lines of Prometheus' text format that are malformed, or outside their family. */
function misplacedLines(lines: readonly string[]): string[] {
  let family = "";
  const seen = new Set<string>();
  return lines.filter((line) => {
    const [, kind, name = ""] = /^# (HELP|TYPE) (\w+) .+$/.exec(line) ?? [];
    if (kind === "TYPE") return name !== family;
    if (kind === undefined) return !isSampleOf(family, line);
    const isKnown = seen.has(name);
    seen.add((family = name));
    return isKnown;
  });
}

function isSampleOf(family: string, line: string): boolean {
  const label = String.raw`\w+="[^"\n]*"`;
  return new RegExp(`^${family}(?:_bucket|_sum|_count)?(?:\\{${label}(?:,${label})*\\})? [\\d.e+-]+$`).test(line);
}
