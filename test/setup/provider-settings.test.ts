import { describe, expect, it } from "vitest";
import { createMemoryCache } from "../../src/index.ts";
import { helloChunks } from "../providers/protocols/recorded-streams.ts";
import { chat } from "../providers/protocols/stream-pieces.ts";
import { serve } from "../support/closing.ts";
import { deferred } from "../support/deferred.ts";
import { chatAnswer, errorAnswer, type ScriptedServer, streamed } from "../support/scripted-server.ts";
import { load } from "./configuration.ts";

const at = ({ url }: ScriptedServer, more: object = {}): object => ({ base_url: `${url}/v1`, ...more });
const bodiesOf = ({ ledger }: ScriptedServer): unknown[] => ledger.map((call) => call.json());
const prompts = (count: number): string[] => Array.from({ length: count }, (_, index) => `Question ${index}`);

describe("a provider has settings of its own, which the file refused:", () => {
  it("its timeout ends its attempts, and not those of others", async () => {
    const hold = deferred<void>();
    const slow = await serve(async () => {
      await hold.promise;
      return chatAnswer("late");
    });
    const patient = await serve(() => chatAnswer("fine"));
    const { manager } = await load({
      providers: { slow: at(slow, { timeout: "50ms", models: ["a"] }), patient: at(patient, { models: ["b"] }) },
      max_retries: 0,
    });
    const [late, fine] = await Promise.allSettled([
      manager.complete("Hello", { model: "a" }),
      manager.complete("Hello", { model: "b" }),
    ]);
    hold.resolve();
    expect(late).toMatchObject({ status: "rejected", reason: { code: "timeout" } });
    expect(fine).toMatchObject({ status: "fulfilled" });
  });

  it("its concurrency bounds all its models and keys together, beside a provider without a bound", async () => {
    let open = 0;
    let maxOpen = 0;
    const gpu = await serve(async ({ path }) => {
      if (path === "/settled") return chatAnswer();
      open += 1;
      maxOpen = Math.max(maxOpen, open);
      await gpu.until(() => maxOpen >= 3);
      await fetch(`${gpu.url}/settled`); // behind every request that was sent with these
      open -= 1;
      return chatAnswer("fine");
    });
    const cloud = await serve(async () => {
      await cloud.until(() => cloud.inFlight >= 20 || cloud.ledger.length >= 40);
      return chatAnswer("fine");
    });
    const { manager } = await load({
      providers: {
        gpu: at(gpu, { concurrency: 3, api_keys: ["k1", "k2"], models: ["a", "b"] }),
        cloud: at(cloud, { models: ["c"] }),
      },
      adaptive: false,
    });
    const requests = prompts(120).map((prompt, index) => ({ prompt, model: "abc"[index % 3] ?? "" }));
    await manager.processBatch(requests);
    expect(manager.stats.requestsCompleted).toBe(120);
    expect(maxOpen).toBe(3);
    const asked = gpu.ledger.filter(({ path }) => path !== "/settled");
    expect(new Set(asked.map(({ headers }) => headers["authorization"]))).toEqual(new Set(["Bearer k1", "Bearer k2"]));
  });

  it.each([
    [0, 1],
    [2, 3],
    [7, 8],
  ])("max_retries %i is %i attempts there, whatever the run allows", async (retries, attempts) => {
    const server = await serve(() => errorAnswer(500));
    const { manager } = await load({
      providers: { house: at(server, { max_retries: retries }) },
      max_retries: 5,
      retry_delay: 0.001,
    });
    await expect(manager.complete("Hello", { model: "m" })).rejects.toThrow(/HTTP 500/);
    expect(server.ledger).toHaveLength(attempts);
  });

  it("max_retries 0 lets a route go on to the next, which is asked as often as the run allows", async () => {
    const [once, often] = [await serve(() => errorAnswer(500)), await serve(() => errorAnswer(500))];
    const { manager } = await load({
      providers: { once: at(once, { max_retries: 0, models: ["m"] }), often: at(often, { models: ["m"] }) },
      max_retries: 3,
      retry_delay: 0.001,
    });
    await expect(manager.complete("Hello", { model: "m" })).rejects.toThrow(/All providers failed/);
    expect([once.ledger.length, often.ledger.length]).toEqual([1, 3]);
  });

  it("its set, and its models', fill in what neither a line nor the run sets, and change the question", async () => {
    const server = await serve(() => chatAnswer("fine"));
    const cache = createMemoryCache();
    const config = (set: object): object => ({
      set: { seed: 1 },
      providers: {
        house: at(server, { set, models: { fast: { id: "mini", set: { top_p: 0.5, max_tokens: 5 } }, plain: "maxi" } }),
      },
    });
    const first = await load(config({ temperature: 0, max_tokens: 9, seed: 7 }), { options: { cache } });
    await first.manager.complete("Hello", { model: "fast" });
    await first.manager.complete("Hello", { model: "plain", temperature: 1 });
    expect(bodiesOf(server)).toEqual([
      { model: "mini", temperature: 0, max_tokens: 5, top_p: 0.5, seed: 1, messages: expect.anything() },
      { model: "maxi", temperature: 1, max_tokens: 9, seed: 1, messages: expect.anything() },
    ]);
    const other = await load(config({ temperature: 0.5, max_tokens: 9 }), { options: { cache } });
    await other.manager.complete("Hello", { model: "fast" });
    await other.manager.complete("Hello", { model: "plain", temperature: 1 });
    expect(server.ledger).toHaveLength(3);
    expect(server.ledger[2]?.json()).toMatchObject({ model: "mini", temperature: 0.5 });
  });

  it("stream, organization and project are the provider's", async () => {
    const server = await serve(({ body }) => (body.includes('"stream":true') ? streamed(chat(helloChunks)) : chatAnswer("fine")));
    const { manager } = await load({
      providers: {
        a: at(server, { stream: true, organization: "org-1", project: "proj-1", models: ["a"] }),
        b: at(server, { models: ["b"] }),
      },
    });
    for (const model of ["a", "b"]) await manager.complete("Hello", { model });
    expect(bodiesOf(server)).toMatchObject([{ model: "a", stream: true }, { model: "b" }]);
    expect(server.ledger[0]?.headers).toMatchObject({ "openai-organization": "org-1", "openai-project": "proj-1" });
    expect(server.ledger[1]?.headers).not.toHaveProperty("openai-organization");
  });

  it.each([
    [{ timeout: 0 }, /"providers"\.house\.timeout: expected a length of time/],
    [{ set: ["temperature=0"] }, /"providers"\.house\.set: expected an object such as/],
    [{ concurrency: 1.5 }, /"providers"\.house\.concurrency: expected a whole number/],
    [{ models: 7 }, /"providers"\.house\.models: expected a list of models, or/],
    [{ max_retry: 1 }, /"providers"\.house\.max_retry: there is no such option; did you mean "max_retries"\?/],
  ])("and what is wrong in them is said: %j", async (house, words) => {
    await expect(load({ providers: { house } })).rejects.toThrow(words);
  });
});

describe("of provider.json", () => {
  it("capacity starts at once and the refill rate comes after, and keys without effect are named", async () => {
    const server = await serve(() => chatAnswer("fine"));
    const said: string[] = [];
    const { manager, options } = await load(
      {
        house: [
          {
            model_name: "m",
            base_url: `${server.url}/v1`,
            rate_limit_capacity: 8,
            rate_limit_refill_rate: 0.001,
            context_window: 9,
          },
          { model_name: "n", base_url: `${server.url}/v1`, context_window: 9, base_ulr: "x" },
        ],
      },
      { onWarning: (message) => said.push(message), options: { deadlineMs: 10_000 } },
    );
    expect(options.limits).toEqual([]);
    await manager.processBatch(prompts(8).map((prompt) => ({ prompt, model: "m" })));
    expect(server.ledger).toHaveLength(8);
    expect(manager.rateLimitStatus()[0]?.limits).toContainEqual(
      expect.objectContaining({ unit: "requests", amount: 0.001, periodMs: 1_000, burst: 8, available: 0 }),
    );
    expect(said).toEqual([
      expect.stringMatching(/config\.json: "context_window" has no effect \(house\/m, house\/n\)$/),
      expect.stringMatching(/"base_ulr" has no effect \(house\/n\); did you mean "base_url"\?$/),
    ]);
  });
});
