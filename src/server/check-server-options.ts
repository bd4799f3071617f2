import { refuseUnknownOptions } from "../model/closest.ts";
import { ConfigurationError } from "../model/errors.ts";
import { liveCacheModes } from "./live/live-caching.ts";
import type { ServerOptions } from "./server-options.ts";

const names = {
  manager: true,
  models: true,
  token: true,
  allowedHosts: true,
  allowedOrigins: true,
  maxQueueWaitMs: true,
  maxQueue: true,
  keepAlive: true,
  liveCache: true,
  clients: true,
} satisfies Record<keyof ServerOptions, true>;

/** @throws ConfigurationError for an option that does not exist, or cannot be used. */
export function checkServerOptions(options: ServerOptions): void {
  refuseUnknownOptions("createServer", options, Object.keys(names));
  const { manager, models = [], token, allowedHosts = [], allowedOrigins = [], maxQueueWaitMs = 1, maxQueue = 1 } = options;
  const { liveCache = "off", keepAlive = true } = options;
  if (typeof manager?.live !== "function") throw wrong("manager", "must be a RequestManager");
  if (token !== undefined && (typeof token !== "string" || token === ""))
    throw wrong("token", "must be a text that is not empty");
  if (!(maxQueueWaitMs > 0)) throw wrong("maxQueueWaitMs", "must be a number of milliseconds above 0");
  if (!(maxQueue >= 1)) throw wrong("maxQueue", "must be a number of 1 or more");
  if (!liveCacheModes.includes(liveCache)) throw wrong("liveCache", `must be one of ${liveCacheModes.join(", ")}`);
  if (typeof keepAlive !== "boolean") throw wrong("keepAlive", "must be true or false");
  if (!Array.isArray(models)) throw wrong("models", "must be a list of { id, ownedBy }");
  for (const host of allowedHosts) refuse("allowedHosts", host, explainHost(host));
  for (const origin of allowedOrigins) refuse("allowedOrigins", origin, explainOrigin(origin));
}

/** @returns what to write in place of a host that is none; undefined for one that can be allowed. */
export function explainHost(text: string): string | undefined {
  if (/^(?:\[[\da-f:.]+\]|[\w.-]+)$/i.test(text)) return undefined;
  const { hostname = "" } = URL.canParse(text) ? new URL(text) : {};
  return `write a name alone, without "http://" and port: ${hostname === "" ? "gateway.internal" : hostname}`;
}

/** @returns what to write in place of an origin that is none; undefined for one that can be allowed. */
export function explainOrigin(text: string): string | undefined {
  const url = /^[a-z][a-z\d+.-]*:\/\/[^\s/]/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  const origin = url === undefined ? "https://app.example.com" : `${url.protocol}//${url.host}`;
  return text === origin && url !== undefined
    ? undefined
    : `write the address of a page up to its port, as browsers send it: ${origin}`;
}

function refuse(option: string, value: unknown, explanation: string | undefined): void {
  if (explanation !== undefined) throw wrong(option, `cannot hold ${JSON.stringify(value)}: ${explanation}`);
}

function wrong(option: string, why: string): ConfigurationError {
  return new ConfigurationError(`\`${option}\` ${why}`, { option });
}
