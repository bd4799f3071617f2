import { expect, it } from "vitest";
import { serve } from "../support/closing.ts";
import {
  chatAnswer,
  cutBeforeHeaders,
  errorAnswer,
  rateLimited,
  type ReceivedCall,
  type Reply,
  type ScriptedServer,
  silence,
} from "../support/scripted-server.ts";
import { load } from "./configuration.ts";

const names = ["alpha", "beta", "gamma", "delta", "epsilon"] as const;
/** So that all the headers that carry keys have their turn. */
const presets: Readonly<Record<string, string>> = { delta: "anthropic", epsilon: "azure" };
/** Those of presets, which no option names. */
const foreign = { OPENAI_API_KEY: "foreign-key-1", ANTHROPIC_API_KEY: "foreign-key-2", AZURE_OPENAI_API_KEY: "foreign-key-3" };

/** How a provider fails the first requests that come to it. */
const failures: Readonly<Record<string, (another: string) => Reply>> = {
  "says 401": () => errorAnswer(401, { code: "invalid_api_key" }),
  "says 403": () => errorAnswer(403, { code: "permission_denied" }),
  "says 404": () => errorAnswer(404, { code: "model_not_found" }),
  "says 429": () => rateLimited("0.05"),
  "says 500": () => errorAnswer(500),
  "says 503 with a time": () => errorAnswer(503, {}, { "retry-after": "0.05" }),
  ...Object.fromEntries(
    [301, 302, 303, 307, 308].map((status) => [
      `redirects to another (${status})`,
      (another: string): Reply => ({ status, headers: { location: `${another}/v1/chat/completions` } }),
    ]),
  ),
  "names another as its alternative": (another) => ({
    ...errorAnswer(500),
    headers: {
      "alt-svc": `h2="${another.slice("http://".length)}"`,
      "content-location": another,
      link: `<${another}>; rel=alternate`,
    },
  }),
  "hangs up": () => cutBeforeHeaders("reset"),
  "is silent until the timeout": () => silence(),
};

/** Each is the first of a route through all of them: 5 times 4 wrong pairs of key and provider, in every way to fail. */
it.each(Object.entries(failures))(
  "a key reaches only its own provider when each of five %s, and requests go from one to the next",
  async (_, failure) => {
    const servers = await startAll(failure);
    const environment = { ...keys(), ...foreign };
    const { manager } = await load(configurationOf(servers), { environment, onWarning: () => {} });
    const requests = names.flatMap((name) =>
      [1, 2, 3, 4].map((number) => ({ model: `via-${name}`, prompt: `Question ${number}` })),
    );
    await Promise.all(requests.map((request) => manager.execute(request)));

    const seen = servers.map(({ ledger }) => ledger.map(textOf).join("\n"));
    const pairs = names.flatMap((owner) =>
      seen.flatMap((text, place) => (text.includes(keyOf(owner)) ? [`${owner}'s at ${names[place]}`] : [])),
    );
    expect(pairs).toEqual(names.map((name) => `${name}'s at ${name}`));
    expect(seen.filter((text) => text.includes("foreign-key"))).toEqual([]);
    expect(servers.map(({ ledger }) => ledger.length >= 2)).toEqual(names.map(() => true));
  },
);

async function startAll(failure: (another: string) => Reply): Promise<ScriptedServer[]> {
  const servers: ScriptedServer[] = [];
  for (const place of names.keys()) {
    const another = (): string => servers[(place + 1) % servers.length]?.url ?? "";
    servers.push(await serve(({ index }) => (index < 2 ? failure(another()) : chatAnswer())));
  }
  return servers;
}

function configurationOf(servers: readonly ScriptedServer[]): object {
  const providers = names.map((name, place) => {
    const address = { base_url: `${servers[place]?.url}/v1`, ...(presets[name] !== undefined && { preset: presets[name] }) };
    return [name, Object.assign(address, { api_keys: [`$KEY_OF_${name}`], headers: { "x-token": `token ${keyOf(name)}` } })];
  });
  const routes = names.map((name, place) => {
    const order = [...names.slice(place), ...names.slice(0, place)];
    return [`via-${name}`, { to: order.map((provider) => ({ provider })) }];
  });
  const options = { retry_delay: 0.01, timeout: 0.3, concurrency: 20, max_retries: 8 };
  return { providers: Object.fromEntries(providers), routes: Object.fromEntries(routes), ...options };
}

function keys(): Record<string, string> {
  return Object.fromEntries(names.map((name) => [`KEY_OF_${name}`, keyOf(name)]));
}

function keyOf(name: string): string {
  return `key-of-${name}-0123456789`;
}

/** Everything that the server got to see. */
function textOf({ path, headers, body }: ReceivedCall): string {
  return JSON.stringify([path, headers, body]);
}
