import type { AnsweringPath } from "../apis/prepared.ts";
import { errorReply, type Reply } from "../reply.ts";

export type Route =
  | { readonly kind: "ask"; readonly path: AnsweringPath }
  | { readonly kind: "models" }
  | { readonly kind: "stats" }
  | { readonly kind: "nowhere"; readonly reply: Reply };

const known =
  "This mock provider has POST /v1/chat/completions, POST /v1/completions, POST /v1/responses, POST /v1/embeddings, POST /v1/messages, GET /v1/models and GET /stats.";

const routes: ReadonlyMap<string, readonly [method: string, Route]> = new Map([
  ["/chat/completions", ["POST", { kind: "ask", path: "/chat/completions" }]],
  ["/completions", ["POST", { kind: "ask", path: "/completions" }]],
  ["/embeddings", ["POST", { kind: "ask", path: "/embeddings" }]],
  ["/messages", ["POST", { kind: "ask", path: "/messages" }]],
  ["/responses", ["POST", { kind: "ask", path: "/responses" }]],
  ["/models", ["GET", { kind: "models" }]],
  ["/stats", ["GET", { kind: "stats" }]],
]);

/** Finds what a request line asks for. The `/v1` may be left out; a query is ignored. */
export function findRoute(method: string, url: string): Route {
  const path = url.replace(/\?.*$/s, "");
  const [allowed, route] = routes.get(path.replace(/^\/v1(?=\/)/, "")) ?? [];
  if (route === undefined) return nowhere(404, `Invalid URL (${method} ${path}).`, "unknown_url");
  return method === allowed ? route : nowhere(405, `Not allowed to ${method} on ${path}.`, "method_not_supported");
}

function nowhere(statusCode: number, message: string, code: string): Route {
  return { kind: "nowhere", reply: errorReply(statusCode, `${message} ${known}`, { code }) };
}
