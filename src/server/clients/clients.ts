import { ConfigurationError } from "../../model/errors.ts";
import { Client } from "./client.ts";
import type { ServerClient } from "./server-client.ts";

interface ClientsOptions {
  /** What clients without a name send. */
  readonly token: string | undefined;
  readonly clients: Readonly<Record<string, ServerClient>>;
  /** How many requests may wait, of all together. Each has its share, by its weight. */
  readonly maxWaiting: number;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
}

/** Of those that the token of all lets in, and of everybody where none is needed. */
export const anonymous = "";

/** The clients of a server, by their names. */
export class Clients {
  /** What each of them sends. Empty where anything will do. */
  readonly tokens: readonly { readonly name: string; readonly token: string }[];
  readonly #clients: ReadonlyMap<string, Client>;
  /** The client of pages that need no token. */
  readonly #anonymous: Client;

  /** @throws ConfigurationError for a client without a token, two with the same, or a weight that is none. */
  constructor({ token, clients, maxWaiting, clock }: ClientsOptions) {
    const named = Object.entries(clients);
    const own = token === undefined && named.length > 0 ? [] : [[anonymous, { token: token ?? "" }] as const];
    const all: readonly (readonly [string, ServerClient])[] = [...own, ...named];
    this.tokens = token === undefined && named.length === 0 ? [] : all.map(([name, one]) => ({ name, token: one.token }));
    check(this.tokens, all, Object.keys(clients));
    this.#anonymous = new Client({ name: anonymous, namespace: undefined, maxWaiting: 0, clock });
    const weights = all.reduce((sum, [, { weight = 1 }]) => sum + weight, 0);
    this.#clients = new Map(
      all.map(([name, { cache = "own", ...client }]) => {
        const share = Math.max(1, Math.ceil((maxWaiting * (client.weight ?? 1)) / weights));
        const namespace = all.length > 1 && cache === "own" ? `client ${name}` : undefined;
        return [name, new Client({ ...client, name, namespace, maxWaiting: all.length > 1 ? share : maxWaiting, clock })];
      }),
    );
  }

  /** Whether there are such as have names. */
  get areNamed(): boolean {
    return this.#clients.size > 1 || !this.#clients.has(anonymous);
  }

  /** Requests that wait to be sent. */
  get waiting(): number {
    let sum = 0;
    for (const client of this.#clients.values()) sum += client.waiting;
    return sum;
  }

  /** @param name That of one of `tokens`, or `anonymous`. */
  of(name: string): Client {
    return this.#clients.get(name) ?? this.#anonymous;
  }
}

function check(tokens: Clients["tokens"], all: readonly (readonly [string, ServerClient])[], named: readonly string[]): void {
  const seen = new Set<string>();
  for (const { name, token } of tokens) {
    if (token === "") throw new ConfigurationError(`clients.${name}: its token is empty`);
    if (seen.has(token)) throw new ConfigurationError(`clients.${name}: another client has the same token`);
    seen.add(token);
  }
  if (named.includes(anonymous)) throw new ConfigurationError("clients: a client needs a name that is not empty");
  const wrong = all.find(([, { weight = 1 }]) => !(weight > 0 && Number.isFinite(weight)));
  if (wrong !== undefined) throw new ConfigurationError(`clients.${wrong[0]}: its weight must be a number above 0`);
}
