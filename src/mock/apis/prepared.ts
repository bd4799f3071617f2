import type { Demand } from "../limits/rate-limits.ts";
import { errorReply, type Reply } from "../reply.ts";

export type AnsweringPath = "/chat/completions" | "/completions" | "/embeddings" | "/messages" | "/responses";

/** A request for an answer, as it came in. */
export interface Asked {
  readonly path: AnsweringPath;
  /** The request's body. */
  readonly text: string;
  readonly bodyBytes: number;
  /** Of the seed, the path and the body. */
  readonly digest: string;
  readonly seed: number;
}

/** An answer that is ready and waits for the limits and for its time. */
export interface PreparedAnswer {
  readonly ok: true;
  readonly model: string;
  /** What counts against the limits until it is answered. */
  readonly demand: Demand;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly reply: Reply;
}

/** A request that cannot be answered, with its error. */
export interface Mistake {
  readonly ok: false;
  readonly reply: Reply;
}

export type Prepared = PreparedAnswer | Mistake;

export function missing(param: string): Mistake {
  const message = `Missing required parameter: '${param}'.`;
  return { ok: false, reply: errorReply(400, message, { param, code: "missing_required_parameter" }) };
}

export function invalid(param: string, expected: string): Mistake {
  const message = `Invalid '${param}': expected ${expected}.`;
  return { ok: false, reply: errorReply(400, message, { param, code: "invalid_value" }) };
}
