import { BlockList, isIPv4 } from "node:net";
import { isLoopback } from "../sockets/loopback.ts";
import type { Environment } from "./environment.ts";

/**
 * The proxy that the environment names for a URL, as curl reads it: `https_proxy` or `HTTPS_PROXY` for https, `http_proxy` or
 * `HTTP_PROXY` for http, else `all_proxy` or `ALL_PROXY` (lower case first), except for the hosts in `no_proxy` or `NO_PROXY`. Loopback addresses never go through a
 * proxy, whose loopback is another machine.
 *
 * @returns undefined when the request goes directly, or `address` is not a URL.
 */
export function chooseProxy(address: string, environment: Environment): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  const own = url.protocol === "https:" ? "https_proxy" : "http_proxy";
  const proxy = firstOf(environment, own, "all_proxy");
  if (proxy === undefined || isLoopback(url.hostname)) return undefined;
  return isExempt(url, firstOf(environment, "no_proxy") ?? "") ? undefined : proxy;
}

/** A variable that is set but empty hides its upper-case twin, and those of other names behind it. */
function firstOf(environment: Environment, ...names: readonly string[]): string | undefined {
  const values = names.map((name) => environment[name] ?? environment[name.toUpperCase()]);
  return values.find((value) => value !== undefined)?.trim() || undefined;
}

function isExempt({ hostname, port, protocol }: URL, list: string): boolean {
  const realPort = port || (protocol === "https:" ? "443" : "80");
  const entries = list.toLowerCase().split(/[\s,]+/);
  return entries.some((entry) => {
    const [, host = "", onlyPort] = /^(\[.*\]|[^:]*|.*:.*:.*?)(?::(\d+))?$/.exec(entry) ?? [];
    if (onlyPort !== undefined && onlyPort !== realPort) return false;
    return matches(hostname, host);
  });
}

/** `*` matches all hosts, `example.com` and `.example.com` a domain with its subdomains, `10.0.0.0/8` a network. */
function matches(hostname: string, entry: string): boolean {
  if (entry === "") return false;
  if (entry === "*") return true;
  if (entry.includes("/")) return isInNetwork(hostname, entry);
  const name = entry.replace(/^\*?\./, "");
  return hostname === name || hostname === `[${name}]` || hostname.endsWith(`.${name}`);
}

function isInNetwork(hostname: string, entry: string): boolean {
  const [network = "", prefix = ""] = entry.split("/");
  if (!isIPv4(hostname) || !isIPv4(network) || !/^(?:\d|[12]\d|3[0-2])$/.test(prefix)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(prefix));
  return list.check(hostname);
}
