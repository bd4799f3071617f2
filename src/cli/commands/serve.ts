import { readEnvironment, type Environment } from "../../config/environment.ts";
import { loadOptions } from "../../config/load-options.ts";
import { namedModels } from "../../config/model-routes.ts";
import type { Options } from "../../config/options.ts";
import { RequestManager } from "../../manager/manager.ts";
import type { RunEvent } from "../../model/event.ts";
import { ConfigurationError } from "../../model/errors.ts";
import { startTimer } from "../../model/timers.ts";
import { isLoopback } from "../../sockets/loopback.ts";
import {
  createServer,
  explainHost,
  explainOrigin,
  listen,
  type LiveCacheMode,
  type LiveServer,
  type ServerClient,
  type ServedModel,
} from "../../server/server.ts";
import { checkServes, limitsOf, openConfiguredPrices, openLiveCache, openProviders } from "../../setup/setup.ts";
import { CleanupStack } from "./cleanup-stack.ts";
import { limitHeapGrowth } from "./heap-growth.ts";
import { exitCodeOfSignal, exitCodes } from "../exit-codes.ts";
import { locateInOnlyInput } from "../input/locate.ts";
import { openEventLog } from "../report/event-log.ts";
import { printError } from "../terminal/print-error.ts";
import { watchSignals } from "../terminal/signals.ts";

/** What `serve` has beside the options of `run`. Times in milliseconds. */
export interface ServeFlags {
  readonly host: string;
  readonly port: number;
  readonly tokenEnv?: string | undefined;
  readonly maxQueueWaitMs: number;
  readonly maxQueue: number;
  readonly drainMs: number;
  readonly liveCache: LiveCacheMode;
  readonly allowHost: readonly string[];
  readonly allowOrigin: readonly string[];
}

/** What clients send goes on as it is. */
const asSent = { context: "off", sanitize: "off" } as const;

/**
 * `llmbatch serve`: answers live clients until it is stopped.
 *
 * @returns the exit code: 0 when every request was answered, 1 when some were cut short.
 * @throws ConfigurationError when it cannot begin.
 */
export async function serveCommand(
  serve: ServeFlags,
  flags: Readonly<Record<string, unknown>>,
  configFile: string | undefined,
): Promise<number> {
  limitHeapGrowth();
  const cleanups = new CleanupStack();
  try {
    return await serveClients(serve, flags, configFile, cleanups);
  } finally {
    await cleanups.closeAll();
  }
}

async function serveClients(
  serve: ServeFlags,
  flags: Readonly<Record<string, unknown>>,
  configFile: string | undefined,
  cleanups: CleanupStack,
): Promise<number> {
  const environment = readEnvironment();
  const options = loadOptions(flags, configFile, environment, printError);
  const token = tokenOf(serve, options, environment);
  refuse("--allow-host", serve.allowHost, explainHost);
  refuse("--allow-origin", serve.allowOrigin, explainOrigin);
  const prices = await openConfiguredPrices(options, environment);
  const opened = await openProviders({ options, environment, needsOne: false, prices, onWarning: printError });
  const { provider } = opened;
  cleanups.defer(() => provider.close());
  checkServes(opened, environment);
  const log = options.log === undefined ? undefined : await openEventLog(options.log, printError, locateInOnlyInput);
  cleanups.defer(() => log?.close());
  const observers = log === undefined ? [sayWarning] : [sayWarning, log.observe];
  const cache = await openLiveCache(options, environment, printError, serve.liveCache === "off");
  cleanups.defer(() => cache?.close());
  const { drainMs, liveCache } = serve;
  const clients = clientsOf(options, environment);
  const manager = new RequestManager({
    ...limitsOf(options),
    ...asSent,
    provider,
    prices,
    ...(cache && { cache }),
    drainMs,
    observers,
  });
  const { allowHost: allowedHosts, allowOrigin: allowedOrigins, maxQueueWaitMs, maxQueue } = serve;
  const server = createServer({
    manager,
    models: modelsOf(options),
    token,
    clients,
    allowedHosts,
    allowedOrigins,
    maxQueueWaitMs,
    maxQueue,
    liveCache,
  });
  const listening = await listen(server, serve.port, serve.host === "localhost" ? "127.0.0.1" : serve.host);
  cleanups.defer(() => listening.cut());
  process.stderr.write(`llmbatch: serving http://${hostInUrl(serve.host)}:${listening.port}/v1\n`);
  await untilSignal(server);
  server.drain();
  listening.stop();
  manager.stop("the server is about to stop");
  let isLate = false;
  const late = startTimer(() => {
    isLate = true;
    listening.cut();
  }, drainMs + cutMs);
  await server.idle();
  clearTimeout(late);
  return server.cut === 0 && !isLate ? exitCodes.succeeded : exitCodes.someFailed;
}

/** Of IPv6 in brackets. */
function hostInUrl(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function sayWarning(event: RunEvent): void {
  if (event.type === "warning") printError(event.message);
}

/** Beyond `--drain`, for what is cut then to say so. A client that does not read its answer holds nothing up for longer. */
const cutMs = 1_500;

/** The second signal ends it at once. */
function untilSignal(server: LiveServer): Promise<void> {
  return new Promise((resolve) => {
    watchSignals(
      () => {
        const last = "no more requests are taken; those that were sent may end. Ctrl-C again cuts them";
        process.stderr.write(`llmbatch: ${server.open === 0 ? "stopped" : last}\n`);
        resolve();
      },
      (signal) => process.exit(exitCodeOfSignal(signal)),
    );
  });
}

/** @throws ConfigurationError saying what to write in place of a value that is none. */
function refuse(flag: string, values: readonly string[], explain: (value: string) => string | undefined): void {
  for (const value of values) {
    const explanation = explain(value);
    if (explanation !== undefined) throw new ConfigurationError(`${flag} ${value}: ${explanation}`);
  }
}

/** @throws ConfigurationError where a token is needed, and there is none. */
function tokenOf({ host, tokenEnv }: ServeFlags, { clients }: Options, environment: Environment): string | undefined {
  const token = tokenEnv === undefined ? undefined : environment[tokenEnv];
  if (tokenEnv !== undefined && (token === undefined || token === ""))
    throw new ConfigurationError(`--token-env: the environment variable ${tokenEnv} is not set, or empty`);
  if (token === undefined && Object.keys(clients).length === 0 && !isLoopback(hostInUrl(host)))
    throw new ConfigurationError(
      `--host ${host}: other machines could spend your money; name the environment variable of a token that clients must send: --token-env VAR`,
    );
  return token;
}

/** @throws ConfigurationError naming a client whose token is not in the environment. */
function clientsOf({ clients }: Options, environment: Environment): Record<string, ServerClient> {
  return Object.fromEntries(
    Object.entries(clients).map(([name, { token, max_in_flight: maxInFlight, max_cost: maxCostUsd, ...client }]) => [
      name,
      { ...client, token: token.reveal(environment, `clients.${name}: no token`), maxInFlight, maxCostUsd },
    ]),
  );
}

/** Those that the configuration names. */
function modelsOf(options: Options): ServedModel[] {
  const named = [...namedModels(options)].map(([id, { to }]) => ({ id, ownedBy: to[0]?.provider ?? "llmbatch" }));
  const isNamed = options.model === undefined || named.some(({ id }) => id === options.model);
  return isNamed || options.model === undefined ? named : [{ id: options.model, ownedBy: options.provider }, ...named];
}
