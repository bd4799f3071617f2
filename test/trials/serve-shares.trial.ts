import { expect, it } from "vitest";
import { fairness } from "../limiters/scheduler/askers.ts";
import { ask, serveLive } from "../server/live-server.ts";
import { deferred } from "../support/deferred.ts";
import { chatAnswer, type ReceivedCall } from "../support/scripted-server.ts";
import { Figures, isFullSize } from "./figures.ts";

const each = 60;
const words = "word ".repeat(40);

/** How many requests each sends, and how long they are. */
const clients = {
  plain: { count: each, size: 1 },
  other: { count: each, size: 1 },
  busy: { count: 10 * each, size: 1 },
  long: { count: Math.ceil(each / 5), size: 20 },
} as const;
const names = Object.keys(clients);

const nameOf = ({ body }: Pick<ReceivedCall, "body">): string => String(JSON.parse(body).user);
/** What the provider counts. */
const tokensOf = ({ body }: Pick<ReceivedCall, "body">): number => Math.ceil(body.length / 5);

/** In small: `test/server/several-clients.test.ts` and `test/limiters/scheduler/shares.test.ts`. */
it.runIf(isFullSize)(
  "clients whose requests wait get equal tokens, however many and however long their requests are",
  async () => {
    const figures = new Figures("shares of clients");
    const gate = deferred<void>();
    const { upstream, url, manager } = await serveLive(
      async (call) => {
        await gate.promise;
        const usage = { prompt_tokens: tokensOf(call), completion_tokens: 5, total_tokens: tokensOf(call) + 5 };
        return chatAnswer("Hi", { usage });
      },
      {
        clients: Object.fromEntries(names.map((name) => [name, { token: name }])),
        maxQueue: 10_000,
        options: { concurrency: 4, adaptive: false },
      },
    );
    const send = async (name: string, size: number): Promise<number> => {
      const body = { model: "m", messages: [{ role: "user", content: words.repeat(size) }], user: name };
      const answer = await ask(url, body, { headers: { authorization: `Bearer ${name}` } });
      await answer.text();
      return answer.status;
    };
    const all = Object.entries(clients).flatMap(([name, { count, size }]) =>
      Array.from({ length: count }, () => send(name, size)),
    );
    await expect.poll(() => manager.limiterStatus().waiting).toBe(all.length - 4);
    gate.resolve();
    const statuses = await Promise.all(all);
    figures.exactly("requests that were answered", statuses.filter((status) => status === 200).length, all.length);

    // Until the first of them has nothing left to wait.
    const calls = upstream.ledger.slice(4);
    const ends = names.map((name) => calls.findLastIndex((call) => nameOf(call) === name));
    const whileAllWait = calls.slice(0, Math.min(...ends));
    const shares = names.map((name) =>
      whileAllWait.filter((call) => nameOf(call) === name).reduce((sum, call) => sum + tokensOf(call), 0),
    );
    for (const [index, name] of names.entries()) figures.told(`tokens of ${name}`, shares[index] ?? 0);
    figures.atLeast("Jain's index of their tokens", fairness(shares), 0.95);
    expect(figures.missed("4 clients, 4 slots; one sends 10 times as much, one 20 times as long")).toEqual([]);
  },
);
