import { expect, it, onTestFinished } from "vitest";
import { Workplace } from "../e2e/cli.ts";
import { configure } from "../e2e/configure.ts";
import { startServe } from "../e2e/serving.ts";
import { mock, serve } from "../support/closing.ts";
import { deferred } from "../support/deferred.ts";
import { chatAnswer } from "../support/scripted-server.ts";
import { CheckTable } from "./check-table.ts";
import { describeClients } from "./client-sets.ts";
import { faultyScript } from "./client-upstream.ts";
import { text } from "./real-clients.ts";
import { requestsAt, startServing } from "./serving.ts";

/** Requests that begin at the provider that never answers, and go on to the other. */
const failovers = 2;

const isStreamed = (call: string): boolean => /streamed|helper/.test(call);

describeClients((clients) => {
  it("are answered through a provider's faults, by another where there is one, and end once where there is none", async () => {
    const table = new CheckTable(clients.node);
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
      for (const call of clients.calls(client, (one) => /^(?:.*: )?plain/.test(one) && isStreamed(one))) {
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
    const table = new CheckTable(clients.node);
    const gate = deferred<void>();
    const { url: mockUrl } = await mock();
    const answer = faultyScript(mockUrl);
    const upstream = await serve(async (call, ledger) => {
      if (!call.body.includes("blocker")) return answer(call, ledger);
      await gate.promise;
      return chatAnswer();
    });
    const { url } = await startServing(upstream.url, "-c", "1");
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
});

/** So many at a time. */
async function inGroups<Item>(items: readonly Item[], size: number, work: (item: Item) => Promise<void>): Promise<void> {
  const left = [...items];
  const loop = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: size }, loop));
}
