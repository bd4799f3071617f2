import { z } from "zod";
import { durationExample, parseDurationMs } from "./duration.ts";

const number = (schema: z.ZodNumber): z.ZodType<number> =>
  z.preprocess((value) => (typeof value === "string" && value.trim() !== "" ? Number(value) : value), schema);

export const positiveInteger: z.ZodType<number> = number(
  z.number("a whole number above 0").int("a whole number above 0").positive("a whole number above 0"),
);
export const count: z.ZodType<number> = number(
  z.number("a whole number, 0 or more").int("a whole number, 0 or more").nonnegative("a whole number, 0 or more"),
);
export const dollars: z.ZodType<number> = number(
  z.number("an amount of US dollars above 0, such as 2.50").positive("an amount of US dollars above 0, such as 2.50"),
);
export const flag: z.ZodType<boolean> = z.preprocess(
  (value) => (value === "true" || value === "1" ? true : value === "false" || value === "0" || value === "" ? false : value),
  z.boolean("true or false"),
);

/** In milliseconds. */
const durationOf = (expected: string, isAllowed: (ms: number) => boolean): z.ZodType<number> =>
  z.union([z.string(), z.number()], expected).transform((value, context) => {
    const ms = parseDurationMs(String(value));
    if (ms !== undefined && isAllowed(ms)) return ms;
    context.addIssue(expected);
    return z.NEVER;
  });
export const duration: z.ZodType<number> = durationOf(`a length of time above 0 such as ${durationExample}`, (ms) => ms > 0);
export const durationOrNone: z.ZodType<number> = durationOf(`a length of time such as ${durationExample}`, () => true);
