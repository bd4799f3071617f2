import { z } from "zod";
import { isJsonObject, parseJson } from "../json/json-value.ts";
import type { RateLimit } from "../model/rate-limit.ts";
import { parseRateLimit, rateLimitExample } from "./parse-rate-limit.ts";
import { parseBytes, sizeExample } from "./size.ts";

/** `--limit`: rate limits, of which there may be none. */
export interface Limit {
  /** A bare number, which was the name of `head`. */
  readonly lines?: number | undefined;
  readonly rates: readonly RateLimit[];
}

/** `--shard`: one share of the lines. */
export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

export const text: z.ZodString = z.string("a text").min(1, "a text that is not empty");

const sizeExpected = `a size above 0 such as ${sizeExample}`;

export const size: z.ZodType<number> = z.union([z.string(), z.number()], sizeExpected).transform((value, context) => {
  const bytes = parseBytes(String(value));
  if (bytes !== undefined && bytes > 0) return bytes;
  context.addIssue(sizeExpected);
  return z.NEVER;
});

export const maxFailures: z.ZodType<{ count: number } | { share: number }> = z
  .union([z.string(), z.number()], "a number of lines such as 10, or a share such as 5%")
  .transform((value, context) => {
    const [, digits, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(String(value).trim()) ?? [];
    const amount = Number(digits);
    if (amount > 0 && amount <= 100 && percent === "%") return { share: amount / 100 };
    if (amount > 0 && Number.isInteger(amount) && percent === "") return { count: amount };
    context.addIssue("a number of lines such as 10, or a share such as 5%");
    return z.NEVER;
  });

const shardExpected = "a share I/N such as 1/3: the first of three";

export const shard: z.ZodType<Shard> = z.string(shardExpected).transform((value, context) => {
  const [, first, second] = /^(\d{1,9})\/(\d{1,9})$/.exec(value.trim()) ?? [];
  const [index, count] = [Number(first), Number(second)];
  if (index >= 1 && index <= count) return { index, count };
  context.addIssue(shardExpected);
  return z.NEVER;
});

export const baseUrl: z.ZodType<string> = text.refine((value) => {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  return (url.protocol === "http:" || url.protocol === "https:") && url.username === "" && url.hash === "";
}, "an address such as http://localhost:8000/v1 (keys and passwords do not belong in it)");

export const header: z.ZodType<readonly [name: string, value: string]> = text.transform((value, context) => {
  const [, name, content] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(value) ?? [];
  if (name !== undefined && content !== undefined) return [name, content] as const;
  context.addIssue("a header such as 'X-Team: research'");
  return z.NEVER;
});

const assignment = text.transform((value, context) => {
  const [, key, json] = /^([^=]+)=(.+)$/s.exec(value) ?? [];
  if (key !== undefined && json !== undefined && parseJson(json) !== undefined) return [key, json.trim()] as const;
  context.addIssue("KEY=JSON, such as temperature=0 or 'user=\"me\"' (texts need their quotes)");
  return z.NEVER;
});

export function list<Item>(item: z.ZodType<Item>): z.ZodType<Item[]> {
  return z.preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(item));
}

/** A file may have an object. */
export const assignments: z.ZodType<(readonly [key: string, json: string])[]> = z.preprocess(
  (value) => (isJsonObject(value) ? Object.entries(value).map(([key, item]) => `${key}=${JSON.stringify(item)}`) : value),
  list(assignment),
);

const limitItem = z
  .union([z.string(), z.number()], `a number of lines, or a limit such as ${rateLimitExample}`)
  .transform((value, context) => {
    const lines = Number(value);
    if (Number.isInteger(lines) && lines > 0) return lines;
    const rate = typeof value === "string" ? parseRateLimit(value) : undefined;
    if (rate === undefined) context.addIssue(`a number of lines, or a limit such as ${rateLimitExample}`);
    return rate ?? z.NEVER;
  });

export const limit: z.ZodType<Limit> = list(limitItem).transform((items): Limit => {
  const lines = items.filter((item) => typeof item === "number");
  return { lines: lines.at(-1), rates: items.filter((item) => typeof item === "object") };
});
