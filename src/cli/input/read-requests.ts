import type { Options } from "../../config/options.ts";
import { allowFolder, type Line, RequestParser, type RequestParserOptions } from "../../jsonl/jsonl.ts";
import { ConfigurationError } from "../../model/errors.ts";
import type { BatchInput } from "../../model/request.ts";
import { type AskedProvider, type CheckedInput, checkInput, type InputCheck, type RequestLooks } from "./check-input.ts";
import type { Inputs } from "./inputs.ts";
import { describePlace } from "./locate.ts";

type ParsingOptions = Pick<Options, "model" | "set" | "allow_files">;

interface ReadingOptions extends ParsingOptions, Pick<Options, "head"> {
  /** The outcome of `checkWhole`. */
  readonly checked: CheckedInput;
}

/**
 * Reads the first `head` lines as requests, in groups. A line is parsed, and its attachments are read, when its request is taken.
 *
 * @returns once there is a line: the run has changed nothing before.
 * @throws ConfigurationError when there is none: results must not be replaced by nothing because the producer of a pipe has failed.
 */
export async function startReading(
  inputs: Inputs,
  options: ReadingOptions,
  provider: AskedProvider,
  warn: (warning: string) => void,
): Promise<AsyncGenerator<Iterable<BatchInput>>> {
  const groups = readRequests(inputs, options, provider, warn);
  const first = await groups.next();
  if (first.done) throw withoutRequests(inputs.name, ": nothing was sent, and the output is as it was");
  return continued(first.value, groups);
}

export function withoutRequests(name: string, meaning = ""): ConfigurationError {
  return new ConfigurationError(`${name} holds no requests${meaning}`);
}

async function* continued<Item>(first: Item, rest: AsyncGenerator<Item>): AsyncGenerator<Item> {
  yield first;
  yield* rest;
}

async function* readRequests(
  inputs: Inputs,
  { checked, head, ...parsing }: ReadingOptions,
  provider: AskedProvider,
  warn: (warning: string) => void,
): AsyncGenerator<Iterable<BatchInput>> {
  const warnOnce = checked.hasWarned ? () => undefined : warn;
  const { idsAreUnique } = checked;
  const parser = createParser(parsing, provider, {
    idsAreUnique,
    describeLine: describerOf(inputs),
    ...(!checked.hasWarned && { onWarning: warn }),
  });
  let left = head;
  for await (const lines of inputs.lines(warnOnce, checked.tooLong)) {
    yield parseEach(lines.slice(0, left), parser);
    left -= lines.length;
    if (left <= 0) return;
  }
  for (const warning of warningsOfDefaults(parser)) warnOnce(warning);
}

function describerOf(inputs: Inputs): (lineNumber: number) => string {
  return (lineNumber) => describePlace(inputs.locate(lineNumber));
}

/** Warns of each default that no line used: a user can take `--model` for the model that every line asks. */
function warningsOfDefaults({ unusedDefaults }: RequestParser): string[] {
  return unusedDefaults.map((key) => {
    const flag = key === "model" ? "--model" : `--set ${key}`;
    return `${flag} has no effect: every line has a ${JSON.stringify(key)} of its own, which wins`;
  });
}

function* parseEach(lines: readonly Line[], parser: RequestParser): Generator<BatchInput> {
  for (const line of lines) yield parser.parse(line);
}

/** Checks all of the inputs, offline. @param looks At bodies as they are sent. */
export async function checkRequests(
  inputs: Inputs,
  options: ParsingOptions,
  provider: AskedProvider,
  looks: RequestLooks = {},
): Promise<InputCheck & { readonly warnings: readonly string[] }> {
  const warnings: string[] = [];
  const warn = (warning: string): void => void warnings.push(warning);
  const parser = createParser(options, provider, {
    checkOnly: looks.findProblem === undefined && looks.onInputs === undefined,
    ...(looks.fit !== undefined && { bodiesFrom: looks.fit.bodiesFrom }),
    describeLine: describerOf(inputs),
    onWarning: warn,
  });
  const check = await checkInput(inputs, parser, provider, warn, looks);
  return { ...check, warnings: [...warnings, ...warningsOfDefaults(parser)] };
}

/** @throws ConfigurationError when these options are wrong for every line. */
export function createParser(options: ParsingOptions, provider: AskedProvider, more: RequestParserOptions = {}): RequestParser {
  const { model, set, allow_files: folder } = options;
  return new RequestParser({
    promptPath: (asked) => provider.promptPath?.(asked),
    ...(model !== undefined && { defaultModel: model }),
    ...(folder !== undefined && { findFile: allowFolder(folder) }),
    defaults: new Map(set),
    ...more,
  });
}
