import { describe, expect, it } from "vitest";
import { chatAnswer, cutBeforeHeaders, errorAnswer, rateLimited, type Reply, silence } from "../support/scripted-server.ts";
import { deferred } from "../support/deferred.ts";
import { ask, question, serveLive } from "./live-server.ts";

const final = "false";
const inBody = errorAnswer(200, { code: "context_length_exceeded", message: "too long" });

describe("a failure", () => {
  it.each<[string, Reply, number, object, string | null]>([
    ["the request's own fault", errorAnswer(422, { message: "bad top_k" }), 422, { message: "bad top_k" }, final],
    ["a key of ours that is refused", errorAnswer(401), 502, { type: "api_error", code: "provider_error" }, final],
    ["money that is used up", errorAnswer(429, { code: "insufficient_quota" }), 429, { code: "insufficient_quota" }, final],
    ["a server that breaks", errorAnswer(500), 502, { type: "api_error", code: "provider_error" }, final],
    ["a failure in an answer of 200", inBody, 400, { code: "context_length_exceeded" }, final],
    ["a dead connection", cutBeforeHeaders(), 502, { code: "provider_error" }, final],
    ["overload", errorAnswer(503, { message: "try later" }), 502, { code: "provider_error" }, final],
    ["a model that is not there", errorAnswer(404, { code: "model_not_found" }), 404, { code: "model_not_found" }, final],
  ])("of the provider, %s, has the shape of the API and says whether to ask again", async (_, reply, status, error, retry) => {
    const { url } = await serveLive(() => reply);
    const response = await ask(url);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error });
    expect(response.headers.get("x-should-retry")).toBe(retry);
    expect(waitOf(response)).toBe(status === 429 || status === 503 ? "1 to 60 s" : "none");
  });

  it("that may pass says when to come back: 1 to 60 s", async () => {
    const policy = { maxRetries: 0, retryDelayMs: 1, maxRetryDelayMs: 1, maxWaitMs: 1 };
    const { url, server } = await serveLive(() => errorAnswer(503, { message: "try later" }, { "retry-after": "7200" }), {
      options: { retry: policy },
      token: "right",
    });
    const headers = { authorization: "Bearer right" };
    const answers = [await ask(url, question, { headers })];
    answers.push(...(await Promise.all(Array.from({ length: 40 }, () => ask(url)))));
    server.drain();
    answers.push(await ask(url, question, { headers }), await fetch(`${url}/health/ready`));
    const busy = answers.filter(({ status }) => status === 429 || status === 503);
    expect(busy.length).toBeGreaterThanOrEqual(3);
    expect(busy.map(waitOf)).toEqual(busy.map(() => "1 to 60 s"));
  });

  it("has Anthropic's shape where Anthropic's clients ask", async () => {
    const { url } = await serveLive(() => errorAnswer(500));
    const response = await fetch(`${url}/v1/messages`, { method: "POST", body: JSON.stringify({ ...question, max_tokens: 9 }) });
    expect(response.status).toBe(502);
    const id = response.headers.get("request-id");
    expect(await response.json()).toMatchObject({ type: "error", error: { type: "api_error" }, request_id: id });
    const wrong = await fetch(`${url}/v1/messages`, { method: "POST", body: "[]" });
    expect(await wrong.json()).toMatchObject({ type: "error", error: { type: "invalid_request_error" } });
  });

  it.each([
    ["[]", "invalid_json", null],
    ['{"messages":[]}', "missing_required_parameter", "model"],
    ['{"model":"m"', "invalid_json", null],
  ])("of the client, %s, says where", async (body, code, param) => {
    const { upstream, url } = await serveLive();
    const response = await ask(url, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { type: "invalid_request_error", code, param } });
    expect(upstream.ledger).toEqual([]);
  });

  it("spends no more retries than its own", async () => {
    const { upstream, url } = await serveLive(() => errorAnswer(500));
    await ask(url);
    expect(upstream.ledger).toHaveLength(3);
  });
});

describe("a request that waits", () => {
  it("is refused at once where too many wait, with a time to come back", async () => {
    const gate = deferred<Reply>();
    const script = (): Promise<Reply> => gate.promise;
    const { upstream, manager, url } = await serveLive(script, { maxQueue: 1, options: { concurrency: 1 } });
    const first = ask(url);
    await upstream.until(() => upstream.inFlight === 1);
    const second = ask(url);
    await expect.poll(() => manager.limiterStatus().waiting).toBe(1);
    const refusal = await ask(url);
    expect(refusal.status).toBe(429);
    expect(await refusal.json()).toMatchObject({ error: { type: "rate_limit_error", code: "queue_full" } });
    expect(refusal.headers.get("x-should-retry")).toBe("true");
    expect(refusal.headers.get("retry-after-ms")).toBe("1000");
    gate.resolve(chatAnswer());
    expect((await Promise.all([first, second])).map(({ status }) => status)).toEqual([200, 200]);
  });

  it("is refused at once where the limits let it through too late", async () => {
    const { upstream, url } = await serveLive(undefined, { options: { requestsPerMinute: 1 } });
    expect((await ask(url)).status).toBe(200);
    const headers = { "x-stainless-timeout": "10" };
    const refusal = await ask(url, question, { headers });
    expect([refusal.status, upstream.ledger.length]).toEqual([429, 1]);
    expect(await refusal.json()).toMatchObject({
      error: { code: "rate_limit_exceeded", message: expect.stringMatching(/too late/) },
    });
    expect(Number(refusal.headers.get("retry-after"))).toBeGreaterThan(40);
  });

  it("is sent away when its time is over, and comes before others when it comes back", async () => {
    const answered: string[] = [];
    const { upstream, server, url } = await serveLive(
      (call) => {
        answered.push(call.body.includes("first") ? "first" : call.body.includes("other") ? "other" : "blocker");
        return call.body.includes("blocker") ? silence() : chatAnswer();
      },
      { options: { concurrency: 1 } },
    );
    const blocker = new AbortController();
    const blocking = ask(url, { ...question, user: "blocker" }, { signal: blocker.signal }).catch(() => undefined);
    await upstream.until(() => upstream.inFlight === 1);
    const first = { ...question, user: "first" };
    const tooLate = await ask(url, first, { headers: { "x-stainless-timeout": "0.05" } });
    expect(tooLate.status).toBe(429);
    const other = ask(url, { ...question, user: "other" });
    await expect.poll(() => server.open).toBe(2);
    const again = ask(url, first, { headers: { "x-stainless-retry-count": "1" } });
    await expect.poll(() => server.open).toBe(3);
    blocker.abort();
    await blocking;
    expect([(await other).status, (await again).status]).toEqual([200, 200]);
    expect(answered).toEqual(["blocker", "first", "other"]);
  });

  it("waits for what the provider asks for", async () => {
    const { upstream, url } = await serveLive(({ index }) => (index === 0 ? rateLimited("1") : chatAnswer()));
    expect((await ask(url)).status).toBe(200);
    expect(upstream.ledger).toHaveLength(2);
  });
});

function waitOf({ headers }: Response): string {
  const seconds = headers.get("retry-after");
  if (seconds === null) return "none";
  return Number(seconds) >= 1 && Number(seconds) <= 60 ? "1 to 60 s" : seconds;
}
