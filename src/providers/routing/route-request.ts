import { parseJson } from "../../json/json-value.ts";
import { messageOf } from "../../model/errors.ts";
import { internal } from "../../model/failure.ts";
import type { BatchInput } from "../../model/request.ts";
import { withModel } from "./rewrite-model.ts";

/** What a `RouteHook` is told of a request. */
export interface RoutableRequest {
  readonly customId: string;
  readonly model: string;
  readonly provider: string | undefined;
  /** `/v1/chat/completions` */
  readonly url: string;
  /** Parsed when it is looked at. */
  readonly body: unknown;
}

/** Chooses another model or provider by what a request holds. @returns a model's name, or both; undefined to leave it as it is. */
export type RouteHook = (
  request: RoutableRequest,
) => string | { readonly model?: string | undefined; readonly provider?: string | undefined } | undefined;

/** The request as the hook wants it. One that it throws for fails alone, as `internal`. */
export function routeRequest(input: BatchInput, route: RouteHook | undefined): BatchInput {
  if (route === undefined || input.kind === "invalid-line") return input;
  const { customId, lineNumber, model, provider, path: url, body } = input;
  try {
    const choice = route({
      customId,
      model,
      provider,
      url,
      get body() {
        return parseJson(body);
      },
    });
    const chosen = typeof choice === "string" ? { model: choice } : choice;
    const routed = withModel(input, chosen?.model ?? model);
    return chosen?.provider === undefined ? routed : { ...routed, provider: chosen.provider };
  } catch (error) {
    const failure = internal(`the route of this request cannot be chosen: ${messageOf(error)}`);
    return { kind: "invalid-line", lineNumber, customId, digest: customId, failure };
  }
}
