import type { AnsweringPath } from "../apis/prepared.ts";
import { errorReply, type Reply } from "../reply.ts";

export type Route =
  | { readonly kind: "ask"; readonly path: AnsweringPath }
  | { readonly kind: "models" }
  | { readonly kind: "stats" }
  | { readonly kind: "nowhere"; readonly reply: Reply };

const known =
  "This mock provider has POST /v1/chat/completions, POST /v1/responses, POST /v1/embeddings, POST /v1/messages, GET /v1/models and GET /stats.";

/** Finds what a request line asks for. The `/v1` may be left out; a query is ignored. */
export function findRoute(method: string, url: string): Route {
  const query = url.indexOf("?");
  const path = query === -1 ? url : url.slice(0, query);
  switch (path.startsWith("/v1/") ? path.slice(3) : path) {
    case "/chat/completions":
      return method === "POST" ? { kind: "ask", path: "/chat/completions" } : wrongMethod(method, path);
    case "/embeddings":
      return method === "POST" ? { kind: "ask", path: "/embeddings" } : wrongMethod(method, path);
    case "/messages":
      return method === "POST" ? { kind: "ask", path: "/messages" } : wrongMethod(method, path);
    case "/responses":
      return method === "POST" ? { kind: "ask", path: "/responses" } : wrongMethod(method, path);
    case "/models":
      return method === "GET" ? { kind: "models" } : wrongMethod(method, path);
    case "/stats":
      return method === "GET" ? { kind: "stats" } : wrongMethod(method, path);
    default:
      return { kind: "nowhere", reply: errorReply(404, `Invalid URL (${method} ${path}). ${known}`, { code: "unknown_url" }) };
  }
}

function wrongMethod(method: string, path: string): Route {
  return {
    kind: "nowhere",
    reply: errorReply(405, `Not allowed to ${method} on ${path}. ${known}`, { code: "method_not_supported" }),
  };
}
