import { z } from "zod";
import { parseJson } from "../../json/json-value.ts";
import { fleetProtocol } from "./protocol.ts";
import type { Seal } from "./seal.ts";

/** What a worker, or a run's coordinator, says of itself every second. Members stay in all protocols. */
export interface Presence {
  readonly protocol: number;
  /** Tells its secret from others; null where there is none. */
  readonly check: string | null;
  /** For people: the version of llmbatch, and where it runs. */
  readonly version: string;
  readonly name: string;
}

export interface WorkerPresence extends Presence {
  /** Lines that it may have in flight. */
  readonly concurrency: number;
  readonly inFlight: number;
}

export interface RunPresence extends Presence {
  readonly run: string;
  /** Nothing more is to be sent. */
  readonly isStopping: boolean;
}

const presence = {
  protocol: z.number(),
  check: z.string().nullable(),
  version: z.string(),
  name: z.string(),
};

const workerSchema: z.ZodType<WorkerPresence> = z.object({ ...presence, concurrency: z.number(), inFlight: z.number() });
const runSchema: z.ZodType<RunPresence> = z.object({ ...presence, run: z.string(), isStopping: z.boolean() });

export function readWorkers(texts: readonly string[]): WorkerPresence[] {
  return texts.flatMap((text) => workerSchema.safeParse(parseJson(text)).data ?? []);
}

export function readRuns(texts: readonly string[]): RunPresence[] {
  return texts.flatMap((text) => runSchema.safeParse(parseJson(text)).data ?? []);
}

/** Why two do not work together, and what to do; undefined where they do. @param what The other: "the worker", "the run". */
export function mismatchWith(what: string, { protocol, check, version, name }: Presence, seal: Seal): string | undefined {
  if (protocol !== fleetProtocol)
    return `${what} ${name} is of llmbatch ${version}, which speaks protocol ${protocol}, and this one ${fleetProtocol}: install the same version of llmbatch on all machines`;
  const own = seal.check ?? null;
  if (check === own) return undefined;
  if (check === null) return `${what} ${name} has no secret, and this one has: give --queue-secret-env to both or to none`;
  if (own === null) return `${what} ${name} hides its lines with a secret: give --queue-secret-env with the same one here`;
  return `${what} ${name} has another secret: --queue-secret-env must name the same one on all machines`;
}
