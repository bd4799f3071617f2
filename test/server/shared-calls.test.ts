import { describe, expect, it } from "vitest";
import { MemoryCache } from "../../src/index.ts";
import { deferred } from "../support/deferred.ts";
import type { ReceivedCall, Reply } from "../support/scripted-server.ts";
import { answer, told, using } from "./caching.ts";
import { ask, question, type Served, serveLive, type ServedOptions } from "./live-server.ts";

const on = using("on");

/** Its provider answers when it is told to. */
async function serveGated(options: ServedOptions = {}): Promise<Served & { readonly open: () => void }> {
  const gate = deferred<void>();
  const script = async (call: ReceivedCall): Promise<Reply> => {
    await gate.promise;
    return answer(call);
  };
  const served = await serveLive(script, { ...options, options: { cache: new MemoryCache(), ...options.options } });
  return { ...served, open: () => gate.resolve() };
}

describe("identical requests under way", () => {
  it("share one call, and only where the cache is on", async () => {
    const { upstream, url, manager, open } = await serveGated();
    const bodies = [question, question, { ...question, stream: true }, { stream: true, ...question }];
    const together = bodies.map((body) => ask(url, body, on));
    await expect.poll(() => upstream.ledger.length).toBe(1);
    const apart = [ask(url, question, using("write")), ask(url)];
    await expect.poll(() => upstream.ledger.length).toBe(3);
    open();
    const modes = await Promise.all(together.map(async (response) => told(await response)));
    expect(modes.filter((mode) => mode === "hit 200")).toHaveLength(3);
    await Promise.all(apart.map(async (response) => told(await response)));
    expect(upstream.ledger).toHaveLength(3);
    expect(manager.limiterStatus()).toMatchObject({ inFlight: 0, waiting: 0 });
  });

  it("are answered, too, where they wait for one whose client leaves", async () => {
    const { upstream, url, open } = await serveGated();
    const client = new AbortController();
    const first = ask(url, question, { ...on, signal: client.signal }).catch(() => "left");
    await expect.poll(() => upstream.ledger.length).toBe(1);
    const second = ask(url, question, on);
    await expect
      .poll(async () => Number(/llmbatch_queue_seconds_count (\d+)/.exec(await (await fetch(`${url}/metrics`)).text())?.[1]))
      .toBe(2);
    client.abort();
    expect(await first).toBe("left");
    await expect.poll(() => upstream.ledger.length).toBe(2);
    open();
    expect(await told(await second)).toBe("stored 200");
  });

  it("wait for the limits no longer than they may, beside one that waits as well", async () => {
    const { upstream, manager, url, open } = await serveGated({ options: { concurrency: 1 } });
    const blocking = ask(url, { ...question, user: "blocker" });
    await expect.poll(() => upstream.ledger.length).toBe(1);
    const first = ask(url, question, on);
    await expect.poll(() => manager.limiterStatus().waiting).toBe(1);
    const late = await ask(url, question, { headers: { "x-llmbatch-cache": "on", "x-stainless-timeout": "0.05" } });
    expect(late.status).toBe(429);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain("llmbatch_queue_seconds_count 1\n");
    open();
    expect([(await blocking).status, await told(await first)]).toEqual([200, "stored 200"]);
  });

  it("are streams whose heads say that the answer was not in the cache, where they are opened while they wait", async () => {
    const { upstream, url, open } = await serveGated({ times: { firstMs: 1, everyMs: 5 } });
    const first = ask(url, question, on);
    await expect.poll(() => upstream.ledger.length).toBe(1);
    const second = await ask(url, { ...question, stream: true }, on);
    open();
    expect([await told(await first), await told(second)]).toEqual(["stored 200", "miss 200"]);
    expect(upstream.ledger).toHaveLength(1);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics.match(/^llmbatch_cache_total.*$/gm)?.toSorted()).toEqual([
      'llmbatch_cache_total{result="hit"} 1',
      'llmbatch_cache_total{result="stored"} 1',
    ]);
  });

  it("may end together when the server does", async () => {
    const { upstream, manager, server, url, open } = await serveGated();
    const together = [ask(url, question, on), ask(url, question, on)];
    await expect.poll(() => server.open).toBe(2);
    await expect.poll(() => manager.limiterStatus().inFlight).toBe(1);
    await expect.poll(async () => (await fetch(`${url}/metrics`)).text()).toContain("llmbatch_queue_seconds_count 2\n");
    server.drain();
    manager.stop();
    open();
    const answers = await Promise.all(together.map(async (response) => told(await response)));
    expect(answers.toSorted()).toEqual(["hit 200", "stored 200"]);
    expect(upstream.ledger).toHaveLength(1);
  });
});
