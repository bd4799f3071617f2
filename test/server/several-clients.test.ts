import { describe, expect, it } from "vitest";
import { MemoryCache } from "../../src/index.ts";
import { ClientBudget } from "../../src/server/clients/client-budget.ts";
import type { ServerClient } from "../../src/server/server.ts";
import { priceBook } from "../support/price-book.ts";
import { deferred } from "../support/deferred.ts";
import { chatAnswer, type Reply, type Script } from "../support/scripted-server.ts";
import { ask, question, type Served, serveLive, type ServedOptions } from "./live-server.ts";

const as = (token: string, headers: Record<string, string> = {}): RequestInit => ({
  headers: { authorization: `Bearer ${token}`, ...headers },
});

function serveClients(
  clients: Readonly<Record<string, Partial<ServerClient>>>,
  script?: Script,
  options: ServedOptions = {},
): Promise<Served> {
  const withTokens = Object.entries(clients).map(([name, client]) => [name, { token: `token-of-${name}`, ...client }]);
  return serveLive(script, { clients: Object.fromEntries(withTokens), ...options });
}

/** One request at a time is sent, four may wait, and none is answered before `gate` opens. */
async function serveHeld(
  clients: Parameters<typeof serveClients>[0],
): Promise<Served & { readonly gate: { resolve: (value: void) => void } }> {
  const gate = deferred<void>();
  const script = async (): Promise<Reply> => {
    await gate.promise;
    return chatAnswer();
  };
  return { ...(await serveClients(clients, script, { maxQueue: 4, options: { concurrency: 1 } })), gate };
}

/** Status, `error.code`, Retry-After, and whether it is worth asking again. */
async function refusal(response: Response): Promise<unknown[]> {
  const { error } = Object(await response.json());
  return [response.status, error?.code, response.headers.get("retry-after"), response.headers.get("x-should-retry")];
}

it("a client with a budget that asks for ever more models without a price is answered no more", () => {
  const budget = new ClientBudget(1, () => 0);
  for (let index = 0; index < 999; index += 1) budget.spend(null, `unpriced-${index}`);
  expect(budget.refuse("another")).toBeUndefined();
  budget.spend(null, "another");
  expect(budget.refuse("one more")).toMatchObject({
    status: 429,
    code: "insufficient_quota",
    message: expect.stringMatching(/1000 models/),
  });
});

describe("clients with tokens of their own", () => {
  it("are let in by them, beside the token of all, and nobody else is", async () => {
    const { url, upstream } = await serveClients({ app: {}, eval: {} }, undefined, { token: "of-all" });
    const statuses = await Promise.all(
      ["token-of-app", "token-of-eval", "of-all", "token-of-nobody", ""].map(
        async (token) => (await ask(url, question, as(token))).status,
      ),
    );
    expect(statuses).toEqual([200, 200, 200, 401, 401]);
    expect(upstream.ledger).toHaveLength(3);
    expect(JSON.stringify(upstream.ledger.map(({ headers }) => headers))).not.toContain("token-of");
  });

  it("stand in the metrics and the log by name, their tokens nowhere", async () => {
    const seen: string[] = [];
    const { url } = await serveClients({ app: {} }, undefined, {
      options: { observers: [(event) => void seen.push(JSON.stringify(event))] },
    });
    await (await ask(url, question, as("token-of-app"))).text();
    const metrics = await (await fetch(`${url}/metrics`, as("token-of-app"))).text();
    expect(metrics).toContain('llmbatch_requests_total{endpoint="/v1/chat/completions",client="app",status="200"} 1');
    expect(seen.join("")).toContain('"client":"app"');
    expect(metrics + seen.join("")).not.toContain("token-of");
  });

  it.each([
    [{ a: { token: "" } }, /clients\.a: its token is empty/],
    [{ a: { token: "t" }, b: { token: "t" } }, /clients\.b: another client has the same token/],
    [{ a: { token: "t", weight: 0 } }, /clients\.a: its weight/],
    [{ a: { token: "t", maxInFlight: 0 } }, /clients\.a: its maxInFlight must be a number of 1 or more/],
    [{ a: { token: "t", maxCostUsd: Number.NaN } }, /clients\.a: its maxCostUsd must be a number above 0/],
    [{ a: { token: "t", limits: [{ unit: "requests", amount: 0, periodMs: 1 }] } }, /must be a number above 0/],
  ] satisfies [Record<string, ServerClient>, RegExp][])(
    "that cannot be told apart, or served, are said so: %o",
    async (clients, message) => {
      await expect(serveLive(undefined, { clients })).rejects.toThrow(message);
    },
  );

  it("know their models, and no others", async () => {
    const models = [
      { id: "m", ownedBy: "x" },
      { id: "secret", ownedBy: "x" },
    ];
    const { url, upstream } = await serveClients({ app: { models: ["m"] }, eval: {} }, undefined, { models });
    expect(await refusal(await ask(url, { ...question, model: "secret" }, as("token-of-app")))).toEqual([
      404,
      "model_not_found",
      null,
      "false",
    ]);
    expect((await ask(url, question, as("token-of-app"))).status).toBe(200);
    const listed = async (name: string): Promise<string[]> =>
      Object(await (await fetch(`${url}/v1/models`, as(`token-of-${name}`))).json()).data.map(({ id }: { id: string }) => id);
    expect([await listed("app"), await listed("eval")]).toEqual([["m"], ["m", "secret"]]);
    expect((await fetch(`${url}/v1/models/secret`, as("token-of-app"))).status).toBe(404);
    expect(upstream.ledger).toHaveLength(1);
  });

  it("are held to limits of their own, and told of them", async () => {
    const limits = [
      { unit: "requests", amount: 2, periodMs: 60_000 } as const,
      { unit: "tokens", amount: 1_000_000, periodMs: 3_600_000 } as const,
    ];
    const { url } = await serveClients({ app: { limits }, eval: {} });
    const first = await ask(url, question, as("token-of-app"));
    expect([first.headers.get("x-ratelimit-limit-requests"), first.headers.get("x-ratelimit-remaining-requests")]).toEqual([
      "2",
      "1",
    ]);
    expect(Number(first.headers.get("x-ratelimit-remaining-tokens"))).toBe(1_000_000 - 15);
    await ask(url, question, as("token-of-app"));
    const [status, code, after, retry] = await refusal(await ask(url, question, as("token-of-app")));
    expect([status, code, retry]).toEqual([429, "rate_limit_exceeded", "true"]);
    expect(Number(after)).toBeGreaterThan(30);
    expect(Number(after)).toBeLessThanOrEqual(60);
    expect((await ask(url, question, as("token-of-eval"))).status).toBe(200);
  });

  it("pay for what was used, not for what was expected, and not for what was never sent", async () => {
    const gate = deferred<void>();
    const limits = [
      { unit: "output-tokens", amount: 8, periodMs: 60_000 } as const,
      { unit: "requests", amount: 3, periodMs: 60_000 } as const,
    ];
    const { url, upstream, manager } = await serveClients(
      { app: { limits } },
      async () => {
        await gate.promise;
        return chatAnswer();
      },
      { options: { concurrency: 1 } },
    );
    const first = ask(url, question, as("token-of-app"));
    await expect.poll(() => upstream.ledger.length).toBe(1);
    const client = new AbortController();
    const left = ask(url, question, { ...as("token-of-app"), signal: client.signal }).catch(() => "left");
    await expect.poll(() => manager.limiterStatus().waiting).toBe(1);
    client.abort();
    expect(await left).toBe("left");
    await expect.poll(() => manager.limiterStatus().waiting).toBe(0);
    gate.resolve();
    expect((await first).headers.get("x-ratelimit-remaining-requests")).toBe("2");
    expect((await ask(url, question, as("token-of-app"))).status).toBe(200);
    // 5 tokens of output each.
    expect((await refusal(await ask(url, question, as("token-of-app")))).slice(0, 2)).toEqual([429, "rate_limit_exceeded"]);
  });

  it("may have so many requests under way", async () => {
    const gate = deferred<void>();
    const { url, upstream } = await serveClients({ app: { maxInFlight: 1 }, eval: {} }, async () => {
      await gate.promise;
      return chatAnswer();
    });
    const first = ask(url, question, as("token-of-app"));
    await expect.poll(() => upstream.ledger.length).toBe(1);
    expect(await refusal(await ask(url, question, as("token-of-app")))).toEqual([429, "rate_limit_exceeded", "1", "true"]);
    const other = ask(url, question, as("token-of-eval"));
    gate.resolve();
    expect([(await first).status, (await other).status]).toEqual([200, 200]);
    expect((await ask(url, question, as("token-of-app"))).status).toBe(200);
  });

  it("have a budget, which is used up until it is a day old, and does not cover what has no price", async () => {
    const prices = priceBook({ m: { input: 50_000, output: 50_000 } }); // 0.75 USD for each answer
    const { url } = await serveClients({ app: { maxCostUsd: 1 }, eval: {} }, undefined, { options: { prices } });
    const unpriced = { ...question, model: "unpriced" };
    const usedUp = [429, "insufficient_quota", "60", "false"];
    expect((await ask(url, unpriced, as("token-of-app"))).status).toBe(200);
    expect(await refusal(await ask(url, unpriced, as("token-of-app")))).toEqual(usedUp);
    expect((await ask(url, question, as("token-of-app"))).status).toBe(200);
    expect((await ask(url, question, as("token-of-app"))).status).toBe(200);
    expect(await refusal(await ask(url, question, as("token-of-app")))).toEqual(usedUp);
    expect((await ask(url, question, as("token-of-eval"))).status).toBe(200);
  });

  it("each have a share of the queue", async () => {
    const { url, manager, upstream, gate } = await serveHeld({ app: {}, eval: {} });
    const held = [ask(url, question, as("token-of-eval"))];
    await expect.poll(() => upstream.ledger.length).toBe(1);
    for (let count = 0; count < 2; count += 1) held.push(ask(url, question, as("token-of-app")));
    await expect.poll(() => manager.limiterStatus().waiting).toBe(2);
    expect(await refusal(await ask(url, question, as("token-of-app")))).toEqual([429, "queue_full", "1", "true"]);
    held.push(ask(url, question, as("token-of-eval")));
    await expect.poll(() => manager.limiterStatus().waiting).toBe(3);
    gate.resolve();
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it("have one queue between them, whatever their shares come to", async () => {
    const { url, manager, upstream, gate } = await serveHeld({ a: {}, b: {}, c: {} });
    const held = [ask(url, question, as("token-of-a"))];
    await expect.poll(() => upstream.ledger.length).toBe(1);
    held.push(...["a", "a", "b", "b"].map((name) => ask(url, question, as(`token-of-${name}`))));
    await expect.poll(() => manager.limiterStatus().waiting).toBe(4);
    expect(await refusal(await ask(url, question, as("token-of-c")))).toEqual([429, "queue_full", "1", "true"]);
    gate.resolve();
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  });

  it("do not find each other's answers, unless they share them", async () => {
    const cached = { options: { cache: new MemoryCache() } };
    const { url, upstream, manager } = await serveClients(
      { a: {}, b: {}, c: { cache: "shared" }, d: { cache: "shared" } },
      undefined,
      cached,
    );
    const told = async (name: string): Promise<string | null> =>
      (await ask(url, question, as(`token-of-${name}`, { "x-llmbatch-cache": "on" }))).headers.get("x-llmbatch-cache");
    expect([await told("a"), await told("b"), await told("a"), await told("b")]).toEqual(["stored", "stored", "hit", "hit"]);
    expect([await told("c"), await told("d")]).toEqual(["stored", "hit"]);
    expect(upstream.ledger).toHaveLength(3);
    const [line] = await manager.processBatch([{ url: "/v1/chat/completions", body: question }]);
    expect(line?.cached).toBe(true);
  });

  it("share by weight what is let through, and one of batches gives way", async () => {
    const gate = deferred<void>();
    const { url, upstream, manager } = await serveClients(
      { a: { weight: 2 }, b: {}, job: { priority: "batch" } },
      async () => {
        await gate.promise;
        return chatAnswer();
      },
      { options: { concurrency: 1 } },
    );
    const raised = { "x-llmbatch-priority": "live" };
    const send = async (user: string): Promise<number> =>
      (await ask(url, { ...question, user }, as(`token-of-${user}`, raised))).status;
    const first = send("job");
    await expect.poll(() => upstream.ledger.length).toBe(1);
    const all = ["job", "a", "b"].flatMap((name) => Array.from({ length: 12 }, () => send(name)));
    await expect.poll(() => manager.limiterStatus().waiting).toBe(36);
    gate.resolve();
    expect(await Promise.all([first, ...all])).toEqual(Array.from({ length: 37 }, () => 200));
    const order = upstream.ledger.slice(1, 19).map(({ body }) => String(JSON.parse(body).user));
    const counts = ["a", "b", "job"].map((name) => order.filter((user) => user === name).length);
    expect(counts).toEqual([expect.toSatisfy((count: number) => count === 10 || count === 11), expect.anything(), 2]);
  });
});
