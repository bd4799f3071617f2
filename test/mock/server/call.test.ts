import { describe, expect, it } from "vitest";
import type { MockServer } from "../../../src/mock/mock.ts";
import { mock } from "../../support/closing.ts";
import { ask, askChat, chatBody, readStats, until } from "../ask.ts";

describe("rate limits", () => {
  it("let one second's worth through at once and refuse the rest in OpenAI's words", async () => {
    const { url, stats } = await mock({ requestsPerMinute: 600 });
    const before = performance.now();
    const answers = await Promise.all(Array.from({ length: 40 }, (_, at) => askChat(url, chatBody(`Question ${at}`))));
    const elapsedMs = performance.now() - before;
    const passed = answers.filter(({ status }) => status === 200);
    expect(passed.length).toBeGreaterThanOrEqual(10);
    expect(passed.length).toBeLessThanOrEqual(10 + elapsedMs / 100);
    const refused = answers.filter(({ status }) => status === 429);
    expect(stats()).toMatchObject({ answered: passed.length, refused: refused.length });
    expect(passed.length + refused.length).toBe(40);
    for (const { text, headers } of refused) {
      const { error } = JSON.parse(text);
      expect(error).toMatchObject({ type: "requests", param: null, code: "rate_limit_exceeded" });
      const [, used] =
        /^Rate limit reached for mock-chat on requests per min \(RPM\): Limit 600, Used (\d+), Requested 1\. Please try again in \d+ms\.$/.exec(
          error.message,
        ) ?? [];
      expect(used).toBe("600");
      expect(headers.get("retry-after")).toBe("1");
      expect(Number(headers.get("retry-after-ms"))).toBeGreaterThan(0);
      expect(Number(headers.get("retry-after-ms"))).toBeLessThanOrEqual(100);
    }
  });

  it("let a request through that comes back when it was told to", async () => {
    const { url } = await mock({ requestsPerMinute: 60 });
    const answers = await Promise.all(["one", "two", "three"].map((question) => askChat(url, chatBody(question))));
    const waits = answers.filter(({ status }) => status === 429).map(({ headers }) => Number(headers.get("retry-after-ms")));
    expect(waits.length).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, Math.max(...waits) + 2));
    expect((await askChat(url, chatBody("two"))).status).toBe(200);
  });

  it("stand in the headers of every response, also of errors, and only when set", async () => {
    const limited = await mock({ requestsPerMinute: 6000, tokensPerMinute: 60_000 });
    for (const body of [chatBody("Hi"), "{", chatBody("Hi", { model: "does-not-exist" })]) {
      const { headers } = await askChat(limited.url, body);
      expect(headers.get("x-ratelimit-limit-requests")).toBe("6000");
      expect(headers.get("x-ratelimit-limit-tokens")).toBe("60000");
      expect(Number(headers.get("x-ratelimit-remaining-requests"))).toBeLessThanOrEqual(100);
      expect(headers.get("x-ratelimit-reset-tokens")).toMatch(/^\d+(\.\d+)?m?s$/);
    }
    const requestsOnly = await askChat((await mock({ requestsPerMinute: 6000 })).url, chatBody("Hi"));
    expect(requestsOnly.headers.has("x-ratelimit-limit-requests")).toBe(true);
    expect(requestsOnly.headers.has("x-ratelimit-limit-tokens")).toBe(false);
  });

  it("count what an answer really used, not what it might have used", async () => {
    const { url } = await mock({ tokensPerMinute: 60 });
    const wide = await askChat(url, chatBody("Hi", { max_tokens: 100_000_000 }));
    const { usage } = JSON.parse(wide.text);
    expect(usage.total_tokens).toBeLessThan(300);
    const next = await askChat(url, chatBody("Hi"));
    expect(next.status).toBe(429);
    // One token comes back a second: had the reservation stayed, this would be three years.
    expect(Number(next.headers.get("retry-after"))).toBeLessThanOrEqual(usage.total_tokens);
    expect(JSON.parse(next.text).error.type).toBe("tokens");
  });
});

describe("rules", () => {
  it("of anthropic refuse in Anthropic's words, tell in Anthropic's headers, and answer Anthropic's messages", async () => {
    const { url } = await mock({ rules: "anthropic", requestsPerMinute: 1, outputTokensPerMinute: 60_000 });
    const body = chatBody("Hi", { max_tokens: 1_000_000 });
    const [answered, refused] = [await ask(url, "/messages", body), await ask(url, "/messages", body)];
    expect(JSON.parse(answered.text)).toMatchObject({ type: "message", stop_reason: "end_turn" });
    expect(answered.headers.get("anthropic-ratelimit-requests-limit")).toBe("1");
    expect(answered.headers.get("anthropic-ratelimit-output-tokens-remaining")).toBe("1000");
    expect(answered.headers.has("x-ratelimit-limit-requests")).toBe(false);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(1);
    expect(JSON.parse(refused.text)).toMatchObject({ type: "error", error: { type: "rate_limit_error" } });
    expect(JSON.parse((await ask(url, "/messages", "{}")).text)).toMatchObject({ error: { type: "invalid_request_error" } });
  });

  it("may be kept from the client: no headers, and no word of when to come back", async () => {
    const { url } = await mock({ requestsPerMinute: 1, limitHeaders: false, retryAfter: "none" });
    for (const status of [200, 429]) {
      const answer = await askChat(url, chatBody("Hi"));
      expect(answer.status).toBe(status);
      expect([...answer.headers.keys()].filter((name) => /ratelimit|retry/.test(name))).toEqual([]);
    }
  });
});

describe("too many at once", () => {
  it("get a 503, and those inside are not disturbed", async () => {
    const server = await mock({ latencyMs: 300, maxInFlight: 3 });
    const answers = await Promise.all(Array.from({ length: 10 }, (_, at) => askChat(server.url, chatBody(`Question ${at}`))));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(server.stats().answered);
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(server.stats().overloaded);
    expect(server.stats().overloaded).toBeGreaterThan(0);
    expect((await askChat(server.url, chatBody("one more"))).status).toBe(200);
  });
});

describe("an outage", () => {
  it("fails everything for a while, counted from the first request, and then is over", async () => {
    const server = await mock({ outage: { fromMs: 0, forMs: 500, kind: "503" } });
    const isDown = async (): Promise<boolean> => (await askChat(server.url, chatBody("Hi"))).status === 503;
    while (!(await isDown()));
    while (await isDown());
    expect(server.stats().failedOnPurpose).toBeGreaterThan(0);
  });

  it("may refuse connections, cutting those there are, and accepts them again on the same port", async () => {
    const server = await mock({ latencyMs: 3_600_000, outage: { fromMs: 20, forMs: 50, kind: "refuse-connections" } });
    await expect(askChat(server.url, chatBody("Hi"))).rejects.toThrow("fetch failed");
    const isRefused = (): Promise<boolean> =>
      readStats(server.url).then(
        () => false,
        ({ cause }) => cause.code === "ECONNREFUSED",
      );
    while (await isRefused());
    expect(await readStats(server.url)).toMatchObject({ abandoned: 1, in_flight: 0 });
  });
});

describe("failures on purpose", () => {
  it("are the same in every run, and asking again gets there in the end", async () => {
    const [one, two] = [await askUntilAnswered(), await askUntilAnswered()];
    expect(one.attempts).toEqual(two.attempts);
    const sent = one.attempts.reduce((sum, attempts) => sum + attempts);
    expect(sent).toBeGreaterThan(60);
    expect(one.server.stats()).toMatchObject({
      requestsTotal: sent,
      answered: 40,
      failedOnPurpose: sent - 40,
      refused: 0,
      duplicates: 0,
    });
  });
});

describe("statistics", () => {
  it("agree with what a client counted, on the wire and in the program", async () => {
    // With this seed each of the four questions is both answered and failed within its first three attempts, so that the
    // 20 requests that a window admits show both.
    const server = await mock({ rules: "window", requestsPerMinute: 20, failRate: 0.5, seed: 7 });
    const seen = { answered: 0, refused: 0, failed_on_purpose: 0, client_errors: 0, prompt_tokens: 0, completion_tokens: 0 };
    const answeredBodies: string[] = [];
    const client = async (from: number): Promise<void> => {
      for (let at = from; at < from + 40; at += 1) {
        const body = at % 10 === 0 ? "{" : chatBody(`Question ${at % 4}`);
        const { status, text } = await askChat(server.url, body);
        const answer = JSON.parse(text);
        if (status === 200) {
          answeredBodies.push(body);
          seen.answered += 1;
          seen.prompt_tokens += answer.usage.prompt_tokens;
          seen.completion_tokens += answer.usage.completion_tokens;
        } else if (status === 400) seen.client_errors += 1;
        else if (answer.error.message.includes("on purpose")) seen.failed_on_purpose += 1;
        else seen.refused += 1;
      }
    };
    await Promise.all([0, 40, 80, 120, 160].map(client));
    const stats = await readStats(server.url);
    const duplicates = answeredBodies.length - new Set(answeredBodies).size;
    expect(stats).toMatchObject({ ...seen, requests_total: 200, duplicates, abandoned: 0, in_flight: 0 });
    expect(stats["total_tokens"]).toBe(seen.prompt_tokens + seen.completion_tokens);
    expect(Object.values(stats)).toEqual(Object.values(server.stats()));
    expect(Date.parse(String(stats["first_request_at"]))).toBeLessThanOrEqual(Date.parse(String(stats["last_request_at"])));
    for (const kind of ["answered", "refused", "failed_on_purpose", "client_errors"] as const)
      expect(seen[kind]).toBeGreaterThan(0);
  });

  it("know how many were in flight at once, and before the first request nothing", async () => {
    const server = await mock({ latencyMs: 200 });
    expect(server.stats()).toMatchObject({ requestsTotal: 0, peakInFlight: 0, firstRequestAt: null, lastRequestAt: null });
    const three = Array.from({ length: 3 }, (_, at) => askChat(server.url, chatBody(`Question ${at}`)));
    await until(() => server.stats().inFlight === 3);
    await Promise.all(three);
    await askChat(server.url, chatBody("one more"));
    expect(server.stats()).toMatchObject({ requestsTotal: 4, peakInFlight: 3, inFlight: 0 });
  });
});

/** Starts a server that fails half of all attempts, and asks it forty things, each until it is answered. */
async function askUntilAnswered(): Promise<{ attempts: number[]; server: MockServer }> {
  const server = await mock({ failRate: 0.5, seed: 3 });
  const attempts = Array.from({ length: 40 }, async (_, at) => {
    for (let attempt = 1; attempt <= 40; attempt += 1) {
      if ((await askChat(server.url, chatBody(`Question ${at}`))).status === 200) return attempt;
    }
    throw new Error("failed forty times in a row");
  });
  return { attempts: await Promise.all(attempts), server };
}
