import { z } from "zod";
import { isJsonObject, type JsonObject } from "../json/json-value.ts";
import { Problem } from "./problem.ts";
import { plainPath, withVersion } from "./request-path.ts";

const urlProblem =
  '`url` must be a plain path such as "/v1/chat/completions"; the host is chosen with --provider or --base-url, never by a line';

const envelopeSchema = z.object({
  custom_id: z.string("`custom_id` must be a string").optional(),
  method: z.literal("POST", '`method` must be "POST"').optional(),
  url: z.string(urlProblem).regex(plainPath, urlProblem).optional(),
});

const modelProblem = "`model` must be a string that is not empty";
const modelSchema = z.object({ model: z.string(modelProblem).min(1, modelProblem).optional() });

/** The paths of `url`s that passed the schema. A file has few of them; beyond 64 the others are validated each time. */
const knownUrls = new Map<unknown, string | undefined>([[undefined, undefined]]);
const maxKnownUrls = 64;

/** The schema takes microseconds a line, so lines that it cannot object to skip it. */
export function readUrl(line: JsonObject): string | undefined | Problem {
  const { custom_id: customId, method, url } = line;
  const isPlain = (customId === undefined || typeof customId === "string") && (method === undefined || method === "POST");
  if (isPlain && knownUrls.has(url)) return knownUrls.get(url);
  const envelope = envelopeSchema.safeParse(line);
  if (!envelope.success) return problemOf(envelope.error);
  const path = envelope.data.url === undefined ? undefined : withVersion(envelope.data.url);
  if (knownUrls.size < maxKnownUrls) knownUrls.set(url, path);
  return path;
}

export function readModel(body: JsonObject): string | undefined | Problem {
  if (body.model === undefined || (typeof body.model === "string" && body.model !== "")) return body.model;
  const parsed = modelSchema.safeParse(body);
  return parsed.success ? parsed.data.model : problemOf(parsed.error);
}

export function readCustomId(value: unknown): string | undefined {
  const customId = isJsonObject(value) ? value.custom_id : undefined;
  return typeof customId === "string" ? customId : undefined;
}

function problemOf(error: z.ZodError): Problem {
  return new Problem(error.issues.map(({ message }) => message).join("; "));
}
