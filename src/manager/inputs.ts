import { type MemberTexts, memberTexts } from "../json/json-text.ts";
import { allowFolder, type FindLocalFile, RequestParser, type RequestLike } from "../jsonl/jsonl.ts";
import type { BatchInput } from "../model/request.ts";
import { type Provider, type RouteHook, routeRequest } from "../providers/providers.ts";
import { type CallOptions, isBatchInput, withCallOptions } from "./call-options.ts";
import type { RequestManagerOptions } from "./request-manager-options.ts";

export type Inputs<Item> = AsyncIterable<Item> | Iterable<Item>;

/** A request that comes does not wait for others. */
export async function* eachByItself<Item>(items: AsyncIterable<Item>): AsyncGenerator<readonly Item[]> {
  for await (const item of items) yield [item];
}

export async function* oneByOne<Item>(groups: AsyncIterable<readonly Item[]>): AsyncGenerator<Item> {
  for await (const group of groups) yield* group;
}

/** What a manager's options say of its requests. */
export interface InputOptions {
  readonly provider: Provider;
  readonly model: string | undefined;
  readonly defaults: MemberTexts;
  readonly findFile: FindLocalFile | undefined;
  readonly route: RouteHook | undefined;
}

export function inputOptionsOf({ provider, model, defaults = {}, allowFiles, route }: RequestManagerOptions): InputOptions {
  const findFile = allowFiles === undefined ? undefined : allowFolder(allowFiles);
  return { provider, model, defaults: memberTexts(defaults), findFile, route };
}

/** Makes requests of whatever a program gives, in the order in which it is called. */
export function parseInOrder(
  { model, defaults, provider, findFile, route }: InputOptions,
  call: CallOptions,
  onWarning: (message: string) => void,
): (request: RequestLike | BatchInput) => BatchInput {
  const parser = new RequestParser({
    ...(model !== undefined && { defaultModel: model }),
    defaults,
    ...(findFile !== undefined && { findFile }),
    promptPath: (asked) => provider.promptPath?.(asked),
    onWarning,
  });
  let position = 0;
  return (given) => {
    position += 1;
    const request = withCallOptions(given, call);
    return routeRequest(isBatchInput(request) ? request : parser.parseValue(request, position), route);
  };
}
