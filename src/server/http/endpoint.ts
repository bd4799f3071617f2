import type { ApiError, ApiFamily } from "./api-error.ts";

/** What a request line asks for. */
export type Endpoint =
  | { readonly kind: "api"; readonly path: string; readonly family: ApiFamily }
  | { readonly kind: "models"; readonly id: string | undefined }
  | { readonly kind: "root" | "health" | "ready" | "stats" | "metrics" }
  | { readonly kind: "options"; readonly allow: string }
  | { readonly kind: "nowhere"; readonly family: ApiFamily; readonly error: ApiError };

type Page = "root" | "health" | "ready" | "stats" | "metrics";

/** Of Anthropic's API; its answers do not come as streams. */
export const tokenCountPath = "/v1/messages/count_tokens";

const apis: ReadonlyMap<string, Endpoint> = new Map([
  apiAt("/v1/chat/completions", "openai"),
  apiAt("/v1/responses", "openai"),
  apiAt("/v1/embeddings", "openai"),
  apiAt("/v1/completions", "openai"),
  apiAt("/v1/messages", "anthropic"),
  apiAt(tokenCountPath, "anthropic"),
]);

/** Claude Code sends probes to `/` and `/api/hello` before its first request. */
const pages: ReadonlyMap<string, Page> = new Map([
  ["/", "root"],
  ["/api/hello", "root"],
  ["/health", "health"],
  ["/health/ready", "ready"],
  ["/stats", "stats"],
  ["/metrics", "metrics"],
]);

const modelsPath = "/v1/models";

/**
 * Finds what a request line asks for, in one table of exact paths. The `/v1` may be missing, slashes may be doubled, and a query is ignored
 * (Open WebUI asks for `/v1//models`). Decoded is only the id of a model, once.
 */
export function findEndpoint(method: string, target: string): Endpoint {
  const path = plainPath(target);
  if (path === undefined)
    return nowhere("openai", 400, "invalid_url", `The address of the request is no plain path: ${shown(target)}`);
  const versioned = path.startsWith("/v1/") ? path : `/v1${path}`;
  const api = apis.get(versioned);
  if (api !== undefined && method === "POST") return api;
  const family = /^\/v1\/messages(?:\/|$)/.test(versioned) ? "anthropic" : "openai";
  const page = pages.get(path);
  const id = modelId(versioned);
  const known = api !== undefined ? "POST" : page !== undefined || id !== undefined ? "GET, HEAD" : undefined;
  if (known === undefined) return nowhere(family, 404, "unknown_url", `There is no ${shown(path)} here: ${there}`);
  if (method === "OPTIONS") return { kind: "options", allow: `${known}, OPTIONS` };
  if (!known.split(", ").includes(method))
    return nowhere(family, 405, "method_not_allowed", `${shown(path)} is asked by ${known}, not by ${shown(method)}`, {
      allow: known,
    });
  return page === undefined ? { kind: "models", id: id?.value } : { kind: page };
}

const there =
  "POST /v1/chat/completions, /v1/responses, /v1/embeddings, /v1/completions, /v1/messages and /v1/messages/count_tokens, GET /v1/models, /health, /stats and /metrics";

/** @returns undefined for an absolute form, and for what is none. */
function plainPath(target: string): string | undefined {
  const end = target.search(/[?#]/);
  const path = end === -1 ? target : target.slice(0, end);
  if (!path.startsWith("/") || path.includes("\\")) return undefined;
  const single = path.includes("//") ? path.replaceAll(/\/{2,}/g, "/") : path;
  return single.length > 1 && single.endsWith("/") ? single.slice(0, -1) : single;
}

/** An id may hold slashes, which some clients encode. @returns undefined where no model is asked for. */
function modelId(path: string): { readonly value: string | undefined } | undefined {
  if (path === modelsPath) return { value: undefined };
  if (!path.startsWith(`${modelsPath}/`)) return undefined;
  try {
    return { value: decodeURIComponent(path.slice(modelsPath.length + 1)) };
  } catch {
    return undefined;
  }
}

function apiAt(path: string, family: ApiFamily): [path: string, endpoint: Endpoint] {
  return [path, { kind: "api", path, family }];
}

function nowhere(
  family: ApiFamily,
  status: number,
  code: string,
  message: string,
  headers?: Readonly<Record<string, string>>,
): Endpoint {
  return { kind: "nowhere", family, error: { status, type: "invalid_request_error", code, message, headers } };
}

function shown(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
