import type { Options } from "../config/options.ts";
import { parseRequests, RequestParser, type RequestParserOptions, splitLines } from "../jsonl/jsonl.ts";
import type { BatchInput } from "../model/request.ts";
import type { Provider } from "../providers/provider.ts";
import { checkInput, type InputCheck, unsupportedBy } from "./check-input.ts";
import type { Input } from "./input.ts";

type ParsingOptions = Pick<Options, "model" | "set">;

export interface ReadingOptions extends ParsingOptions, Pick<Options, "limit"> {
  /** The whole input was checked before, and no `custom_id` stands in it twice. */
  readonly idsAreUnique: boolean;
}

/** The input's lines as requests, the first `limit` of them. */
export function readRequests(input: Input, options: ReadingOptions, warn: (warning: string) => void): AsyncGenerator<BatchInput> {
  const parser = new RequestParser({ ...parsingOf(options), idsAreUnique: options.idsAreUnique, onWarning: warn });
  const requests = parseRequests(splitLines(input), parser);
  return options.limit === undefined ? requests : firstOf(requests, options.limit);
}

async function* firstOf(requests: AsyncGenerator<BatchInput>, limit: number): AsyncGenerator<BatchInput> {
  let count = 0;
  for await (const request of requests) {
    yield request;
    count += 1;
    if (count >= limit) return;
  }
}

/**
 * Reads the whole input once, offline, to say what is wrong with it before anything is sent. Warnings come up again when the input is
 * read to be sent; once is enough.
 */
export function checkRequests(
  input: Input,
  options: ParsingOptions,
  provider: Pick<Provider, "name" | "endpoint">,
): Promise<InputCheck> {
  const parser = new RequestParser({ ...parsingOf(options), checkOnly: true });
  return checkInput(input.name, splitLines(input), parser, unsupportedBy(provider));
}

function parsingOf({ model, set }: ParsingOptions): RequestParserOptions {
  return { ...(model !== undefined && { defaultModel: model }), defaults: new Map(set) };
}
