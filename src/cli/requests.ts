import type { Options } from "../config/options.ts";
import {
  firstLine,
  type Line,
  type LinePlace,
  RequestParser,
  type RequestParserOptions,
  splitLines,
  splitLinesFrom,
} from "../jsonl/jsonl.ts";
import type { BatchInput } from "../model/request.ts";
import type { Provider } from "../providers/provider.ts";
import { allowFolder } from "./allowed-folder.ts";
import { type CheckedInput, checkInput, type InputCheck, unsupportedBy } from "./check-input.ts";
import type { Input } from "./input.ts";
import type { NotedFingerprints } from "./noted-fingerprints.ts";
import type { ReadingThread } from "./reading-thread.ts";

export type ParsingOptions = Pick<Options, "model" | "set" | "allow_files">;

/** `checked` is what was found out when the whole input was checked. */
export interface ReadingOptions extends ParsingOptions, Pick<Options, "limit"> {
  readonly checked: CheckedInput;
  /** May take over where the run waits for this; closed in the end. */
  readonly thread?: ReadingThread | undefined;
  readonly noted?: NotedFingerprints | undefined;
}

/** The input's lines as requests, the first `limit` of them, in groups. A line is parsed, its files read, when its request is taken. */
export async function* readRequests(
  input: Input,
  { checked, limit, thread, noted, ...parsing }: ReadingOptions,
  /** Called once at most. */
  warn: (warning: string) => void,
): AsyncGenerator<Iterable<BatchInput>> {
  let hasWarned = false;
  const warnOnce = (warning: string): void => {
    if (!hasWarned) warn(warning);
    hasWarned = true;
  };
  const parser = createParser(parsing, { idsAreUnique: checked.idsAreUnique, onWarning: warnOnce });
  let left = limit.lines ?? Infinity;
  try {
    for await (const { requests, lines } of readInTurns({
      input,
      parser,
      tooLong: checked.tooLong,
      thread,
      noted,
      warn: warnOnce,
    })) {
      yield lines > left ? firstOf(requests, left) : requests;
      left -= lines;
      if (left <= 0) return;
    }
  } finally {
    await thread?.close();
  }
}

export interface RequestGroup {
  readonly requests: Iterable<BatchInput>;
  /** How many they are. */
  readonly lines: number;
}

interface Reading extends Pick<ReadingOptions, "thread" | "noted"> {
  readonly input: Input;
  readonly parser: RequestParser;
  readonly tooLong: ReadonlySet<number> | undefined;
  readonly warn: (warning: string) => void;
}

/** Here, until the thread can take over; there, until that is not what the run waits for; and here again. */
async function* readInTurns({ input, parser, tooLong, thread, noted, warn }: Reading): AsyncGenerator<RequestGroup> {
  let place: LinePlace | undefined = firstLine;
  while (place !== undefined) {
    const here = splitLinesFrom(place, input.rereadable ? input.from(place.byte) : input, tooLong);
    let { lineNumber }: LinePlace = place;
    place = undefined;
    for await (const { lines, next } of here) {
      await noted?.prepare(lineNumber, next.lineNumber);
      lineNumber = next.lineNumber;
      yield { requests: parseEach(lines, parser, noted), lines: lines.length };
      if (thread?.canTakeOver(next) !== true) continue;
      place = yield* thread.read(next, warn, noted);
      break;
    }
  }
}

function* firstOf(requests: Iterable<BatchInput>, count: number): Generator<BatchInput> {
  let left = count;
  for (const request of requests) {
    if (left === 0) return;
    left -= 1;
    yield request;
  }
}

function* parseEach(lines: readonly Line[], parser: RequestParser, noted: NotedFingerprints | undefined): Generator<BatchInput> {
  for (const line of lines) yield noted === undefined ? parser.parse(line) : noted.name(parser.parse(line));
}

/**
 * Reads the whole input once, offline, to say what is wrong with it before anything is sent. Warnings come up again when the input is
 * read to be sent; once is enough.
 */
export function checkRequests(
  input: Input,
  options: ParsingOptions,
  provider: Pick<Provider, "name" | "endpoint" | "refusal">,
): Promise<InputCheck> {
  const parser = createParser(options, { checkOnly: true });
  return checkInput(input.name, splitLines(input), parser, unsupportedBy(provider));
}

/** @throws UsageError when no line could be parsed with these options. */
export function createParser(options: ParsingOptions, more: RequestParserOptions = {}): RequestParser {
  const { model, set, allow_files: folder } = options;
  return new RequestParser({
    ...(model !== undefined && { defaultModel: model }),
    ...(folder !== undefined && { findFile: allowFolder(folder) }),
    defaults: new Map(set),
    ...more,
  });
}
