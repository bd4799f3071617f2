import type { CacheOutcome, LiveCaching } from "../../manager/manager.ts";
import { member } from "../../json/json-value.ts";
import type { ReceivedEvent } from "../../providers/providers.ts";
import type { ApiError } from "../http/api-error.ts";

/** What live requests make of the cache that say nothing of it. */
export type LiveCacheMode = (typeof liveCacheModes)[number];

export const liveCacheModes = ["off", "write", "on"] as const;

const modes: ReadonlyMap<string, Omit<LiveCaching, "namespace"> | undefined> = new Map([
  ["off", undefined],
  ["on", { reads: true, writes: true }],
  ["read", { reads: true, writes: false }],
  ["write", { reads: false, writes: true }],
  ["refresh", { reads: false, writes: true }],
]);

/** @param asked The header of the request. @returns undefined where the cache has no part in it. */
export function cachingOf(
  asked: string | string[] | undefined,
  mode: LiveCacheMode,
  namespace: string | undefined,
): LiveCaching | ApiError | undefined {
  const name = asked === undefined ? mode : String(asked);
  const caching = modes.get(name);
  if (caching !== undefined) return { reads: caching.reads, writes: caching.writes, namespace };
  if (modes.has(name)) return undefined;
  const message = `x-llmbatch-cache: expected one of ${[...modes.keys()].join(", ")}`;
  return { status: 400, type: "invalid_request_error", code: "invalid_header", message, isWorthRetrying: false };
}

/** Adds what is said of the cache. */
export function addCacheHeaders(headers: Record<string, string>, outcome: CacheOutcome | undefined): void {
  headers["x-llmbatch-cache"] = outcome === undefined || outcome.kind === "failed" ? "off" : outcome.kind;
  if (outcome?.kind === "hit" && outcome.ageMs !== undefined) headers["age"] = String(Math.floor(outcome.ageMs / 1000));
}

const lastEvents: ReadonlySet<unknown> = new Set(["message_stop", "response.completed", "response.incomplete"]);

/** Whether an event ends a stream: then its answer must be found in the cache already. */
export function isLastEvent({ data }: ReceivedEvent): boolean {
  return lastEvents.has(member(data, "type"));
}
