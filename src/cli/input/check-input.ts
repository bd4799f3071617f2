import type { RequestParser } from "../../jsonl/jsonl.ts";
import { PreparationWarnings, type Preparer } from "../../manager/manager.ts";
import { ConfigurationError } from "../../model/errors.ts";
import type { BatchInput, BatchRequest } from "../../model/request.ts";
import type { Provider } from "../../providers/providers.ts";
import { formatCount } from "../../text/format-numbers.ts";
import type { Inputs } from "./inputs.ts";

const maxProblemsShown = 10;
const maxTooLongNoted = 1000;

export interface InputCheck {
  readonly lines: number;
  readonly invalid: number;
  /** The first ones, each as `file:line: what`. */
  readonly problems: readonly string[];
  /** Numbers of the first 1,000 lines that are too long: with them the next pass takes no memory for these lines. */
  readonly tooLong: ReadonlySet<number>;
  /** How many requests go to each model, by its name, at each path. */
  readonly requestsByModel: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** What is known of an input before any of its requests is sent. */
export interface CheckedInput {
  /** Lines to be sent; unknown for a stream, which is checked line by line. */
  readonly total?: number;
  /** Whether every `custom_id` was found to be unique. */
  readonly idsAreUnique: boolean;
  /** Numbers of lines that are too long. */
  readonly tooLong?: ReadonlySet<number>;
  /** Whether what is odd about its lines was said. */
  readonly hasWarned?: true;
}

/** Why a request must not be sent, beside what its provider says; undefined where nothing is against it. */
export type FindProblem = (request: BatchRequest) => string | undefined;

/** Receives what was read, in its order. */
export type OnInputs = (inputs: readonly BatchInput[]) => Promise<void>;

/** What is odd about requests beside what their lines say: too long for their model, or with what it refuses. */
export interface FitCheck {
  /** Lines that have fewer characters and tokens of answer together fit any model. */
  readonly bodiesFrom: number;
  /** Called once there is a request to be looked at: the tables of models take time to load. */
  readonly open: () => Promise<Preparer>;
}

/** What looks at requests as they are sent, bodies and all. */
export interface RequestLooks {
  readonly fit?: FitCheck | undefined;
  readonly findProblem?: FindProblem | undefined;
  readonly onInputs?: OnInputs | undefined;
}

/** What the check needs of a provider. */
export type AskedProvider = Pick<Provider, "name" | "endpoint" | "refusal" | "promptPath">;

/**
 * Checks every line of all inputs, offline.
 *
 * @param parser May be one with `checkOnly`.
 * @param looks At the requests whose bodies the parser made.
 */
export async function checkInput(
  inputs: Inputs,
  parser: RequestParser,
  provider: AskedProvider,
  warn: (warning: string) => void,
  { fit, findProblem, onInputs }: RequestLooks = {},
): Promise<InputCheck> {
  const oddities = new PreparationWarnings(
    (message, line) => warn(line === undefined ? message : `${inputs.place(line.lineNumber)}: ${message}`),
    false,
  );
  let preparer: Preparer | undefined;
  const problems: string[] = [];
  const tooLong = new Set<number>();
  const requestsByModel = new Map<string, Map<string, number>>();
  let count = 0;
  let invalid = 0;
  for await (const group of inputs.lines(warn)) {
    count += group.length;
    const parsed: BatchInput[] | undefined = onInputs === undefined ? undefined : [];
    for (const line of group) {
      const input = parser.parse(line);
      parsed?.push(input);
      const problem = problemOf(input, provider) ?? (input.kind === "request" ? findProblem?.(input) : undefined);
      if (problem !== undefined) {
        invalid += 1;
        if (line.problem === "too-long" && tooLong.size < maxTooLongNoted) tooLong.add(line.lineNumber);
        // What is said of a model is said once: ten lines of the first would hide the second.
        const isSaid = input.kind === "request" && problems.some((said) => said.endsWith(`: ${problem}`));
        if (problems.length < maxProblemsShown && !isSaid) problems.push(`${inputs.place(input.lineNumber)}: ${problem}`);
      } else if (input.kind === "request") {
        let byPath = requestsByModel.get(input.model);
        if (byPath === undefined) requestsByModel.set(input.model, (byPath = new Map()));
        byPath.set(input.path, (byPath.get(input.path) ?? 0) + 1);
        if (input.body === "") continue;
        preparer ??= await fit?.open();
        const warning = preparer?.prepare(input).warning;
        if (warning !== undefined) oddities.add(warning, input);
      }
    }
    if (parsed !== undefined) await onInputs?.(parsed);
  }
  oddities.sumUp();
  return { lines: count, invalid, problems, tooLong, requestsByModel };
}

/** @throws ConfigurationError listing the first problems and their total. */
export function rejectInvalid({ invalid, lines, problems }: InputCheck): void {
  if (invalid === 0) return;
  const more = invalid > problems.length ? [`… and ${formatCount(invalid - problems.length)} more`] : [];
  const total = `${formatCount(invalid)} of ${formatCount(lines)} lines cannot be sent; nothing was sent. Correct them, or give --skip-invalid.`;
  throw new ConfigurationError([...problems, ...more, total].join("\n"));
}

function problemOf(input: BatchInput, provider: AskedProvider): string | undefined {
  if (input.kind === "invalid-line") return input.failure.message;
  if (provider.endpoint(input) !== undefined) return undefined;
  return provider.refusal?.(input)?.message ?? `${provider.name} cannot be asked at ${input.path}`;
}
