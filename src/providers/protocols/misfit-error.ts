const shownLength = 200;

/** The JSON text of an error: a stream holds what has no place in an answer, and to leave it out would be to lose what was paid. */
export function misfitError(piece: unknown): string {
  const message = `a piece of the stream has no place in the answer: ${JSON.stringify(piece).slice(0, shownLength)}`;
  return JSON.stringify({ error: { type: "misfit", message } });
}
