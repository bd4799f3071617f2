import { outlineRequest, Problem, type RequestLike, RequestParser, writeJson } from "../jsonl/jsonl.ts";
import { Preparer, type RequestManagerOptions, type RequestName, RequestNames } from "../manager/manager.ts";
import { ConfigurationError } from "../model/errors.ts";
import type { Provider } from "../providers/providers.ts";

/** Where a request would be sent. What changes requests before they are sent (`context`, `sanitize`) has to be as it is for the manager. */
export interface RequestPlace extends Pick<RequestManagerOptions, "prices" | "context" | "sanitize" | "countTokens"> {
  readonly provider: Provider;
  /** The manager's, for requests that name none. @default none */
  readonly model?: string;
}

/**
 * The id that the result of a request has, if it is the first of its kind in its batch.
 *
 * @param place Where a manager sends it: the id is that of its results, of the output, and of `llmbatch cache has`.
 *   @default unknown: the id is that of a `RequestBatch`, `batch_req_any_…`, which is the same at every provider and so leads to no answer
 * @throws ConfigurationError when it is no request.
 */
export function requestId(request: RequestLike, place?: RequestPlace): string {
  return nameOf(request, place).id;
}

/**
 * The key of its answer in a cache: `await cache.exists(requestKey(request, { provider }))`.
 *
 * @throws ConfigurationError when it is no request.
 */
export function requestKey(request: RequestLike, place: RequestPlace): string {
  return nameOf(request, place).key;
}

function nameOf(request: RequestLike, place: RequestPlace | undefined): RequestName {
  if (place === undefined) {
    const text = writeJson(request);
    const outline = text instanceof Problem ? text : outlineRequest(text);
    if (outline instanceof Problem) throw new ConfigurationError(`request: ${outline.message}`);
    return RequestNames.ofAnyProvider().name(outline.request);
  }
  const { provider, model } = place;
  const input = new RequestParser(model === undefined ? {} : { defaultModel: model }).parseValue(request, 1);
  if (input.kind === "invalid-line") throw new ConfigurationError(`request: ${input.failure.message}`);
  return new RequestNames(provider, false).name(new Preparer(place).prepare(input).request);
}
