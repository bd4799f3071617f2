import { cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { Workplace } from "../e2e/cli.ts";
import { configure } from "../e2e/configure.ts";
import { startServe } from "../e2e/serving.ts";
import { mock, serve } from "../support/closing.ts";
import { CheckTable } from "./check-table.ts";
import { type ClientSet, describeClients } from "./client-sets.ts";
import { embeddingScript, plainAnswer, startAimock, vectors } from "./client-upstream.ts";
import { comparable, type Outcome, text } from "./real-clients.ts";
import { requestsAt, startServing } from "./serving.ts";

// In small: `test/server/clients.test.ts`, with the two packages that the project has.

/** Calls of these are not compared here: their upstream, or what they are to end with, is another. */
const isCompared = (call: string): boolean => !/^(?:embeddings|request id|invalid|completions)/.test(call);

describeClients((clients, set) => {
  it("get through the server what they get from the provider", async () => {
    const table = new CheckTable(clients.node);
    const upstream = await startAimock();
    const { url } = await startServing(upstream.url);
    for (const client of clients.names) {
      const calls = clients.calls(client, isCompared);
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
    const table = new CheckTable(clients.node);
    const upstream = await mock();
    const { url } = await startServe(new Workplace(), ["--base-url", upstream.url]);
    for (const client of clients.names) {
      const calls = clients.calls(client, (call) => /^(?:completions: )?plain|^responses: plain|^embeddings/.test(call));
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
    const table = new CheckTable(clients.node);
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

  it("are answered from the cache, whether they ask for a stream or not", async () => {
    const table = new CheckTable(clients.node);
    const upstream = await startAimock();
    const { url } = await startServing(upstream.url, "--live-cache", "on");
    for (const client of clients.names)
      for (const plain of clients.calls(client, (call) => /^(?:responses: )?plain$/.test(call))) {
        const streamed = `${plain}, streamed`;
        for (const [first, second] of [
          [plain, streamed],
          [streamed, plain],
        ] as const) {
          if (!clients.has(client, streamed)) continue;
          const model = `${client} ${first}`;
          const wanted = await clients.call(client, plain, { url: upstream.url, model });
          await clients.call(client, first, { url, model });
          const before = upstream.getRequests().length;
          const outcome = await clients.call(client, second, { url, model });
          const asked = upstream.getRequests().length - before;
          // A replayed stream has the whole answer in one piece. Streams of aimock do not say that nothing was refused.
          const [got, want] = [outcome, wanted].map((one) => comparable(one).replaceAll(',"refusal":null', ""));
          const isEqual = second === plain ? got === want : text(outcome).includes(plainAnswer);
          const isRight = outcome.ok && asked === 0 && isEqual;
          table.add(client, `${first}, then`, `${asked}`, isRight ? undefined : `${want}\n${got}`);
        }
      }
    expect(table.print("The provider's requests for an answer that the cache has")).toEqual([]);
  });

  it("are used as the samples show", async () => {
    const user = workplaceOf(set);
    const { url } = await startServe(user, ["-p", "mock"]);
    user.environment["SERVER"] = url;
    for (const name of set.samples) {
      const { code, stdout, stderr } = await user.finish(user.spawn(set.program, [user.path(name)]));
      expect([name, code, stderr]).toEqual([name, 0, ""]);
      expect(stdout).toMatch(/^(?:.+\n){2,4}$/);
    }
  });

  it("get vectors as the provider has them, whatever it is asked for and sends", async () => {
    const table = new CheckTable(clients.node);
    for (const takesBase64 of [true, false]) {
      const upstream = await serve(embeddingScript(takesBase64));
      const { url } = await startServing(upstream.url);
      for (const client of clients.names)
        for (const call of clients.calls(client, (one) => one.startsWith("embeddings"))) {
          const outcome = await clients.call(client, call, { url });
          const isRight = vectors.every((vector) => text(outcome).includes(text(vector)));
          table.add(client, `${call} ${takesBase64 ? "of base64" : "of numbers"}`, "equal", isRight ? undefined : text(outcome));
        }
    }
    expect(table.print("Embeddings")).toEqual([]);
  });
});

/** Where the packages are found that the samples of clients need. */
function workplaceOf({ folder }: ClientSet): Workplace {
  const user = new Workplace();
  symlinkSync(join(folder, "node_modules"), user.path("node_modules"));
  cpSync(join(import.meta.dirname, "..", "..", "samples", "clients"), user.folder, { recursive: true });
  user.write("package.json", '{ "type": "module" }');
  return user;
}
