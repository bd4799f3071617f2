import { setTimeout as sleep } from "node:timers/promises";
import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Workplace } from "../e2e/cli.ts";
import { configure } from "../e2e/configure.ts";
import { startServe } from "../e2e/serving.ts";
import { mock, serve } from "../support/closing.ts";
import { deferred } from "../support/deferred.ts";
import { chatAnswer } from "../support/scripted-server.ts";
import { embeddingScript, faultyScript, startAimock, vectors } from "./client-upstream.ts";
import { isFullSize } from "./figures.ts";
import { CheckTable, comparable, installClients, type Outcome, RealClients, text } from "./real-clients.ts";
import { requestsAt } from "./serving.ts";

/** In small: `test/server/clients.test.ts`, with the two packages that the project has. */
const missing = isFullSize ? installClients() : "it needs 57 packages, and has no small version";

/** Requests that begin at the provider that never answers, and go on to the other. */
const failovers = 2;

/** Calls of these are not compared here: their upstream, or what they are to end with, is another. */
const isCompared = (call: string): boolean => !/^(?:embeddings|request id|invalid|completions)/.test(call);
const isStreamed = (call: string): boolean => /streamed|helper/.test(call);

describe.skipIf(missing !== undefined)(`clients of others${missing === undefined ? "" : ` (skipped: ${missing})`}`, () => {
  let clients: RealClients;
  beforeAll(async () => {
    clients = await RealClients.start();
  }, 120_000); // all packages together take 4 s to load, and beside much else a minute
  afterAll(() => clients.stop());

  const callsOf = (client: string, wanted: (call: string) => boolean): string[] =>
    (clients.calls.get(client) ?? []).filter((call) => wanted(call));

  it("get through the server what they get from the provider", async () => {
    const table = new CheckTable();
    const upstream = await startAimock();
    const { url } = await serving(["--base-url", `${upstream.url}/v1`]);
    for (const client of clients.names) {
      const calls = callsOf(client, isCompared);
      const differing: string[] = [];
      for (const call of calls) {
        const direct = await clients.call(client, call, { url: upstream.url });
        const served = await clients.call(client, call, { url });
        if (!direct.ok || !served.ok || comparable(direct) !== comparable(served))
          differing.push(`${call}\n${comparable(direct)}\n${comparable(served)}`);
      }
      table.add(client, "equal calls", `${calls.length - differing.length} of ${calls.length}`, differing[0]);
      const times = client === "curl" ? 20 : 200;
      for (const call of ["plain", "plain, streamed"]) {
        const [one, many] = [
          await clients.call(client, call, { url: upstream.url }),
          await clients.call(client, call, { url }, times),
        ];
        const values: unknown[] = many.ok ? Object(many.value) : [];
        const equal = values.filter((value) => text(value) === text(one.ok && one.value)).length;
        table.add(client, `at once: ${call}`, String(equal), equal === times ? undefined : comparable(many).slice(0, 300));
      }
      if (!clients.has(client, "request id")) continue;
      const { value } = Object(await clients.call(client, "request id", { url }));
      table.add(client, "request id", "ours", /^req_[\da-z]{24}$/.test(value) ? undefined : String(value));
    }
    expect(table.print("The same call straight to aimock and through the server")).toEqual([]);
  });

  it("are counted with the tokens that the provider counts, and told of usage only where they ask", async () => {
    const table = new CheckTable();
    const upstream = await mock();
    const { url } = await serving(["--base-url", upstream.url]);
    for (const client of clients.names) {
      const calls = callsOf(client, (call) => /^(?:completions: )?plain|^responses: plain|^embeddings/.test(call));
      const outcomes: Outcome[] = [];
      for (const call of calls) outcomes.push(await clients.call(client, call, { url }));
      const { total_tokens: ours } = Object(await (await fetch(`${url}/stats`)).json());
      const { totalTokens: theirs } = upstream.stats();
      const failed = outcomes.find(({ ok }) => !ok);
      const isEqual = ours === theirs && failed === undefined;
      table.add(client, "tokens so far", `${ours}`, isEqual ? undefined : `${theirs} ${text(failed)}`);
      const unasked = /^openai|curl/.test(client) ? text(outcomes[calls.indexOf("plain, streamed")]) : "";
      table.add(client, "usage unasked", "none", /usage\W+\{/.test(unasked) ? unasked : undefined);
    }
    expect(table.print("Tokens, by the mock's ledger")).toEqual([]);
  });

  it("end with an error of their own at once, and after one request, where asking again is in vain", async () => {
    const table = new CheckTable();
    const upstream = await serve();
    const user = new Workplace();
    user.environment["GATEWAY_TOKEN"] = "right";
    configure(user, { providers: { gpu: { base_url: `${upstream.url}/v1`, models: { small: "llama-8b" } } } });
    const { url } = await startServe(user, ["--token-env", "GATEWAY_TOKEN"]);
    const wanted: Readonly<Record<string, readonly [call: string, to: object, status: number, code: RegExp]>> = {
      "unknown model": ["plain", { model: "smal", token: "right" }, 404, /^(?:model_not_found|not_found_error|MODEL_NOT_FOUND)$/],
      "wrong token": ["plain", { model: "small", token: "wrong" }, 401, /^(?:invalid_api_key|authentication_error)$/],
      "invalid body": ["invalid", { token: "right" }, 400, /^(?:missing_required_parameter|invalid_request_error)$/],
    };
    for (const client of clients.names) {
      for (const [check, [call, to, status, code]] of Object.entries(wanted)) {
        if (check === "wrong token") await sleep(150); // ten a second from one address are looked at
        const before = await requestsAt(url, "right");
        const outcome = await clients.call(client, call, { url, ...to });
        const asked = (await requestsAt(url, "right")) - before;
        const { name, status: got, code: gotCode } = Object(outcome.ok ? {} : outcome.error);
        const isRight = asked === 1 && (client === "curl" || got === status) && code.test(gotCode ?? "");
        table.add(
          client,
          check,
          `${name} ${gotCode} ${outcome.tookMs.toFixed(0)} ms`,
          isRight ? undefined : `${asked} requests: ${text(outcome)}`,
        );
      }
    }
    expect(upstream.ledger).toEqual([]);
    expect(table.print("Errors")).toEqual([]);
  });

  it("are answered through a provider's faults, by another where there is one, and end once where there is none", async () => {
    const table = new CheckTable();
    const { url: mockUrl } = await mock();
    const upstream = await serve(faultyScript(mockUrl));
    const second = await serve(faultyScript(mockUrl));
    await inGroups(clients.names, 4, async (client) => {
      const user = new Workplace();
      const name = client.replaceAll(" ", "-");
      const to = [
        { provider: "first", model: `never-${name}` },
        { provider: "second", model: `fine-${name}` },
      ];
      configure(user, {
        providers: { first: { base_url: `${upstream.url}/v1` }, second: { base_url: `${second.url}/v1` } },
        routes: { both: { to } },
      });
      const { url } = await startServe(user, ["--max-retries", "2", "--retry-delay", "0.01"]);
      for (const fault of ["429", "500", "502", "dead", "slow"])
        for (const call of ["plain", "plain, streamed"]) {
          const before = await requestsAt(url);
          const outcome = await clients.call(client, call, { url, model: `first/once-${fault}-${name}-${isStreamed(call)}` });
          const asked = (await requestsAt(url)) - before;
          table.add(
            client,
            `${fault}${isStreamed(call) ? " s" : ""}`,
            `${asked}`,
            outcome.ok && asked === 1 ? undefined : text(outcome),
          );
        }
      for (const call of ["plain", "plain, streamed"]) {
        const outcome = await clients.call(client, call, { url, model: "both" });
        table.add(client, `failover${isStreamed(call) ? " s" : ""}`, "ok", outcome.ok ? undefined : text(outcome));
      }
      for (const call of callsOf(client, (one) => /^(?:.*: )?plain/.test(one) && isStreamed(one))) {
        const outcome = await clients.call(client, call, { url, model: `second/cut-${name}` });
        table.add(client, "cut", outcome.ok ? "short" : outcome.error.name, outcome.ok ? text(outcome) : undefined);
      }
      const before = await requestsAt(url);
      const outcome = await clients.call(client, "plain", { url, model: `first/never-${name}` });
      const asked = (await requestsAt(url)) - before;
      const attempts = upstream.ledger.filter(({ body }) => body.includes(`"never-${name}"`)).length;
      const wanted = client.startsWith("langchain") ? 7 : client.startsWith("ai ") ? 3 : 1;
      const isRight = !outcome.ok && asked === wanted && attempts <= 3 * (asked + failovers);
      table.add(
        client,
        "none left",
        `${outcome.ok ? "answered" : outcome.error.name} ${asked}`,
        isRight ? undefined : text(outcome),
      );
      table.add(client, "attempts there", String(attempts));
    });
    expect(table.print("Faults: requests that reached the server; s: streamed")).toEqual([]);
  });

  it.each([8, 70])("wait %d s in the queue, and the provider is asked once for each", async (seconds) => {
    const table = new CheckTable();
    const gate = deferred<void>();
    const { url: mockUrl } = await mock();
    const answer = faultyScript(mockUrl);
    const upstream = await serve(async (call, ledger) => {
      if (!call.body.includes("blocker")) return answer(call, ledger);
      await gate.promise;
      return chatAnswer();
    });
    const { url } = await serving(["--base-url", `${upstream.url}/v1`, "-c", "1"]);
    const body = JSON.stringify({ model: "blocker", messages: [] });
    const blocking = fetch(`${url}/v1/chat/completions`, { method: "POST", body });
    await upstream.until(() => upstream.inFlight === 1);
    const timer = setTimeout(gate.resolve, seconds * 1000);
    onTestFinished(() => clearTimeout(timer));
    const waitWith = async (client: string, call: string): Promise<void> => {
      const model = `waits-${client}-${call}`;
      const outcome = await clients.call(client, call, { url, model });
      const calls = upstream.ledger.filter(({ body: sent }) => sent.includes(`"${model}"`)).length;
      const cell = `${(outcome.tookMs / 1000).toFixed(1)} s, ${calls}`;
      table.add(client, call, cell, outcome.ok && calls === 1 ? undefined : text(outcome));
    };
    const asked = clients.names.flatMap((client) => ["plain", "plain, streamed"].map((call) => waitWith(client, call)));
    await Promise.all([blocking, ...asked]);
    expect(table.print(`Waits of ${seconds} s, and the provider's calls`)).toEqual([]);
  });

  it("are used as the samples show", async () => {
    const user = workplaceOfClients();
    const { url } = await startServe(user, ["-p", "mock"]);
    user.environment["SERVER"] = url;
    for (const name of ["langchain.js", "llamaindex.js", "ai-sdk.js", "openai.js", "anthropic.js"]) {
      const { code, stdout, stderr } = await user.finish(user.spawn(process.execPath, [user.path(name)]));
      expect([name, code, stderr]).toEqual([name, 0, ""]);
      expect(stdout).toMatch(/^(?:.+\n){2,4}$/);
    }
  });

  it("get vectors as the provider has them, whatever it is asked for and sends", async () => {
    const table = new CheckTable();
    for (const takesBase64 of [true, false]) {
      const upstream = await serve(embeddingScript(takesBase64));
      const { url } = await serving(["--base-url", `${upstream.url}/v1`]);
      for (const client of clients.names)
        for (const call of callsOf(client, (one) => one.startsWith("embeddings"))) {
          const outcome = await clients.call(client, call, { url });
          const isRight = vectors.every((vector) => text(outcome).includes(text(vector)));
          table.add(client, `${call} ${takesBase64 ? "of base64" : "of numbers"}`, "equal", isRight ? undefined : text(outcome));
        }
    }
    expect(table.print("Embeddings")).toEqual([]);
  });
});

/** Where the packages are found that the samples of clients need. */
function workplaceOfClients(): Workplace {
  const user = new Workplace();
  symlinkSync(join(import.meta.dirname, "..", "clients", "node_modules"), user.path("node_modules"));
  cpSync(join(import.meta.dirname, "..", "..", "samples", "clients"), user.folder, { recursive: true });
  user.write("package.json", '{ "type": "module" }');
  return user;
}

async function serving(args: readonly string[]): Promise<{ readonly url: string }> {
  return startServe(new Workplace(), args);
}

/** So many at a time. */
async function inGroups<Item>(items: readonly Item[], size: number, work: (item: Item) => Promise<void>): Promise<void> {
  const left = [...items];
  const loop = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: size }, loop));
}
