/** A request as a program gives it: a prompt, a body, or an object that could stand on a line of a batch file. */
export type RequestLike = string | Readonly<Record<string, unknown>>;
