import { ConfigurationError } from "../../model/errors.ts";
import type { GuardOptions } from "../http/guard.ts";
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
const anonymous = "";

/** The clients of a server, by their names. */
export class Clients {
  /** What each of them sends; or the client of all requests, where no token is needed. */
  readonly secrets: Pick<GuardOptions<Client>, "tokens" | "anyone">;
  /** Whether there are such as have names. */
  readonly areNamed: boolean;
  readonly #clients: readonly Client[];

  /** @throws ConfigurationError for a client without a token, two with the same, or a weight that is none. */
  constructor({ token, clients, maxWaiting, clock }: ClientsOptions) {
    const named = Object.entries(clients);
    const isOpen = token === undefined && named.length === 0;
    const unnamed: NamedClient[] = isOpen || token !== undefined ? [[anonymous, { token: token ?? "" }]] : [];
    const all = [...unnamed, ...named];
    check(named, isOpen ? [] : all);
    const weights = all.reduce((sum, [, { weight = 1 }]) => sum + weight, 0);
    const tokens = all.map(([name, { cache = "own", token: sent, ...client }]) => {
      const share = Math.max(1, Math.ceil((maxWaiting * (client.weight ?? 1)) / weights));
      const namespace = all.length > 1 && cache === "own" ? `client ${name}` : undefined;
      const options = { ...client, name, namespace, maxWaiting: all.length > 1 ? share : maxWaiting, clock };
      return { client: new Client(options), token: sent };
    });
    this.#clients = tokens.map(({ client }) => client);
    this.secrets = isOpen ? { tokens: [], anyone: tokens[0]?.client } : { tokens, anyone: undefined };
    this.areNamed = named.length > 0;
  }

  /** Requests that wait to be sent. */
  get waiting(): number {
    return this.#clients.reduce((sum, { waiting }) => sum + waiting, 0);
  }
}

type NamedClient = readonly [name: string, client: ServerClient];

function check(named: readonly NamedClient[], withTokens: readonly NamedClient[]): void {
  const seen = new Set<string>();
  for (const [name, { token }] of withTokens) {
    if (token === "") throw wrong(name, "its token is empty");
    if (seen.has(token)) throw wrong(name, "another client has the same token");
    seen.add(token);
  }
  for (const [name, { weight = 1, priority = "live", cache = "own", maxInFlight = 1, maxCostUsd = 1 }] of named) {
    if (name === anonymous) throw new ConfigurationError("clients: a client needs a name that is not empty");
    if (!(weight > 0 && Number.isFinite(weight))) throw wrong(name, "its weight must be a number above 0");
    if (!["live", "batch"].includes(priority)) throw wrong(name, "its priority must be live or batch");
    if (!["own", "shared"].includes(cache)) throw wrong(name, "its cache must be own or shared");
    if (!(maxInFlight >= 1)) throw wrong(name, "its maxInFlight must be a number of 1 or more");
    if (!(maxCostUsd > 0)) throw wrong(name, "its maxCostUsd must be a number above 0");
  }
}

function wrong(name: string, why: string): ConfigurationError {
  return new ConfigurationError(`clients.${name}: ${why}`);
}
