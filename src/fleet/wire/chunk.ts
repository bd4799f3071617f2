import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import { limitUnits, type RateLimit } from "../../model/rate-limit.ts";
import type { BatchRequest } from "../../model/request.ts";
import { fleetProtocol, type RunSettings } from "./protocol.ts";
import type { Seal } from "./seal.ts";

/** One line as a worker gets it. */
export interface ChunkLine {
  /** Names its answer within the chunk: the id of its result, and what tells one way of asking from another. */
  readonly field: string;
  readonly request: BatchRequest;
}

/** What stands in a job of the queue. */
export interface ChunkJob {
  readonly protocol: typeof fleetProtocol;
  readonly run: string;
  /** Where its answers go. */
  readonly chunk: string;
  readonly settings: RunSettings;
  /** How many it has: a worker takes as many chunks as keep it busy. */
  readonly size: number;
  readonly payload: string;
}

const limitSchema: z.ZodType<RateLimit> = z.object({
  unit: z.enum(limitUnits),
  amount: z.number().positive(),
  periodMs: z.number().positive(),
  burst: z.number().positive().optional(),
  model: z.string().optional(),
});

const jobSchema: z.ZodType<ChunkJob> = z.object({
  protocol: z.literal(fleetProtocol),
  run: z.string(),
  chunk: z.string(),
  settings: z.object({ limits: z.array(limitSchema) }),
  size: z.number(),
  payload: z.string(),
});

/** As `packChunk` gets it: its name of the run is given to it as it is written. */
export interface NamedLine extends ChunkLine {
  /** Of its result. */
  readonly id: string;
}

/** What most lines do without. */
const restSchema = z.object({
  field: z.string(),
  provider: z.string().exactOptional(),
  maxOutputTokens: z.number().exactOptional(),
  headers: z.record(z.string(), z.string()).exactOptional(),
});

const words = [z.string(), z.string(), z.string(), z.string()] as const;
/**
 * Of each line its number, id, custom id, path and model, and the rest. Bodies stand behind all of them. With names they take six times as long
 * to read and to check.
 */
const rowsSchema = z.array(z.tuple([z.number(), ...words]).rest(restSchema));

/**
 * Level 1: what is saved beyond takes longer than Redis takes to keep it. Here and now: of 30 KB that takes 0.15 ms of a core, and 0.06 ms back;
 * to hand it to another thread takes twice and four times as much.
 */
const compression = { level: 1, chunkSize: 64 * 1024 };

/** The data of a job: one line of JSON, and one for each body as it is, which has no line breaks. Metadata stays here. */
export function packChunk(
  about: { readonly run: string; readonly chunk: string; readonly settings: RunSettings },
  lines: readonly NamedLine[],
  seal: Seal,
): ChunkJob {
  const texts = [JSON.stringify(lines.map(rowOf)), ...lines.map(({ request }) => request.body)];
  const payload = seal.close(gzipSync(texts.join("\n"), compression));
  return { protocol: fleetProtocol, ...about, size: lines.length, payload };
}

function rowOf({ field, id, request }: NamedLine): readonly unknown[] {
  const { lineNumber, customId, path, model, provider, maxOutputTokens, headers } = request;
  const row = [lineNumber, id, customId, path, model];
  if (field === id && provider === undefined && maxOutputTokens === undefined && headers === undefined) return row;
  return [...row, { field, provider, maxOutputTokens, headers }];
}

/** @throws ZodError for what no coordinator of this protocol has written. */
export function readJob(data: unknown): ChunkJob {
  return jobSchema.parse(data);
}

/** @throws where the payload was closed with another secret, or is damaged. */
export function unpackLines({ payload }: ChunkJob, seal: Seal): readonly ChunkLine[] {
  const text = String(gunzipSync(seal.open(payload), { chunkSize: compression.chunkSize }));
  const [rows = "", ...bodies] = text.split("\n");
  return rowsSchema.parse(JSON.parse(rows)).map(([lineNumber, id, customId, path, model, rest = { field: id }], index) => {
    const body = bodies[index];
    if (body === undefined) throw new Error("it has fewer bodies than lines");
    const { field, ...others } = rest;
    return { field, request: { kind: "request", occurrence: 0, lineNumber, id, customId, path, model, body, ...others } };
  });
}
