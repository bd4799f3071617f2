/**
 * The most tokens that the answer to a body may have. The parameter's name depends on the API: Chat Completions (now, and before o1),
 * Responses. `best_of` belongs to Completions.
 *
 * @param setting What the body, or the defaults, say of a parameter.
 */
export function readMaxOutputTokens(setting: (key: string) => unknown): number | undefined {
  const limit = setting("max_completion_tokens") ?? setting("max_tokens") ?? setting("max_output_tokens");
  if (!isCount(limit)) return undefined;
  const choices = setting("n") ?? setting("best_of") ?? 1;
  return isCount(choices) && isCount(limit * choices) ? limit * choices : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
