import type { RequestParser } from "../../jsonl/jsonl.ts";
import { ConfigurationError } from "../../model/errors.ts";
import type { BatchInput } from "../../model/request.ts";
import type { Provider } from "../../providers/providers.ts";
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
  /** How many requests go to each model at each path: keys are `model path`. */
  readonly requestsByTarget: ReadonlyMap<string, number>;
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

/** Receives what was read, in its order. */
export type OnInputs = (inputs: readonly BatchInput[]) => Promise<void>;

/** What the check needs of a provider. */
export type AskedProvider = Pick<Provider, "name" | "endpoint" | "refusal" | "promptPath">;

/**
 * Checks every line of all inputs, offline.
 *
 * @param parser May be one with `checkOnly`, unless there is `onInputs`.
 */
export async function checkInput(
  inputs: Inputs,
  parser: RequestParser,
  provider: AskedProvider,
  warn: (warning: string) => void,
  onInputs?: OnInputs,
): Promise<InputCheck> {
  const problems: string[] = [];
  const tooLong = new Set<number>();
  const requestsByTarget = new Map<string, number>();
  let count = 0;
  let invalid = 0;
  for await (const group of inputs.lines(warn)) {
    count += group.length;
    const parsed = onInputs === undefined ? undefined : ([] as BatchInput[]);
    for (const line of group) {
      const input = parser.parse(line);
      parsed?.push(input);
      const problem = problemOf(input, provider);
      if (problem !== undefined) {
        invalid += 1;
        if (line.problem === "too-long" && tooLong.size < maxTooLongNoted) tooLong.add(line.lineNumber);
        if (problems.length < maxProblemsShown) problems.push(`${inputs.place(input.lineNumber)}: ${problem}`);
      } else if (input.kind === "request") {
        const target = `${input.model} ${input.path}`;
        requestsByTarget.set(target, (requestsByTarget.get(target) ?? 0) + 1);
      }
    }
    if (parsed !== undefined) await onInputs?.(parsed);
  }
  return { lines: count, invalid, problems, tooLong, requestsByTarget };
}

/** @throws ConfigurationError listing the first problems and their total. */
export function rejectInvalid({ invalid, lines, problems }: InputCheck): void {
  if (invalid === 0) return;
  const more = invalid > problems.length ? [`… and ${invalid - problems.length} more`] : [];
  const total = `${invalid} of ${lines} lines cannot be sent; nothing was sent. Correct them, or give --skip-invalid.`;
  throw new ConfigurationError([...problems, ...more, total].join("\n"));
}

function problemOf(input: BatchInput, provider: AskedProvider): string | undefined {
  if (input.kind === "invalid-line") return input.failure.message;
  if (provider.endpoint(input) !== undefined) return undefined;
  return provider.refusal?.(input)?.message ?? `${provider.name} cannot be asked at ${input.path}`;
}
