import { setImmediate } from "node:timers/promises";
import type { Attempt } from "../../model/attempt.ts";
import { isKeyRefusal, internal } from "../../model/failure.ts";
import { type FieldAnswer, packAnswers, readAnswers } from "../wire/answer.ts";
import type { ChunkJob, ChunkLine } from "../wire/chunk.ts";
import type { Seal } from "../wire/seal.ts";
import type { AnswerStore } from "../redis/answers.ts";
import type { Persistence } from "../redis/persist.ts";
import type { Asker, LineRunner } from "./line-runner.ts";

/** A chunk that was lost with its worker so often may be what ends workers: its lines are asked one by one. */
const maxStalls = 3;
/** A line that was begun so often by itself, and ended its worker each time, is given up. */
const maxCrashes = 3;

interface ChunkWorkOptions {
  readonly jobId: string;
  /** How the name begins by which this worker holds its jobs. */
  readonly holder: string;
  readonly job: ChunkJob;
  readonly runner: LineRunner;
  readonly answers: AnswerStore;
  readonly persistence: Persistence;
  readonly seal: Seal;
  /** Whether a line that fails because of this worker's key has failed, or is left for workers with other keys. */
  readonly keepsKeyRefusals: boolean;
}

/** The work on one chunk: each answer is in Redis as soon as it is there. */
export class ChunkWork implements Asker {
  readonly #options: ChunkWorkOptions;
  #answered: FieldAnswer[] = [];
  #kept = 0;
  /** An answer is on its way at once; those that come meanwhile go together. A call of Redis for each costs 20 µs. */
  #putting: Promise<void> | undefined;
  /** Answers that came while Redis had lost the job: its coordinator adds it again. */
  #early: string[] = [];
  /** Lines that are asked for, and what is called at the end of the last. */
  #unended = 0;
  #onEnded: () => void = () => undefined;
  readonly #lost = new AbortController();

  constructor(options: ChunkWorkOptions) {
    this.#options = options;
  }

  /** What was not sent is not to be sent any more. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** @param stalls How often the chunk was lost with its worker. */
  async do(lines: readonly ChunkLine[], stalls: number): Promise<void> {
    const { job, answers, persistence, seal } = this.#options;
    const groups = await persistence.persist(() => answers.all(job.run, job.chunk));
    const known = new Set(groups.flatMap((group) => readAnswers(group, seal)).map(({ field }) => field));
    const left = lines.filter(({ field }) => !known.has(field));
    if (stalls < maxStalls) await this.#ask(left);
    else for (const line of left) if (!this.signal.aborted) await this.#askAlone(line);
    for (const group of this.#early.splice(0)) await this.#put(group);
  }

  /** The chunk is another worker's by now: what was not sent is not sent here. */
  lose(): void {
    this.#lost.abort();
    this.#options.runner.wake();
  }

  ended({ field }: ChunkLine, attempt: Attempt | undefined): void {
    const isLeft = attempt?.ok === false && isKeyRefusal(attempt.failure) && !this.#options.keepsKeyRefusals;
    if (attempt !== undefined && !isLeft) this.#keep({ field, attempt });
    this.#unended -= 1;
    if (this.#unended === 0) this.#onEnded();
  }

  /** Resolves once all have ended, and those that were answered are in Redis. */
  async #ask(lines: readonly ChunkLine[]): Promise<void> {
    if (lines.length === 0) return;
    await new Promise<void>((resolve) => {
      this.#unended = lines.length;
      this.#onEnded = resolve;
      this.#options.runner.ask(lines, this);
    });
    await this.#putting;
  }

  async #askAlone(line: ChunkLine): Promise<void> {
    const { job, answers, persistence } = this.#options;
    const { field } = line;
    const begun = await persistence.persist(() => answers.begin(job.run, job.chunk, field));
    if (begun > maxCrashes) {
      const failure = internal(`worker_crashed: ${maxCrashes} workers ended while they asked this line`);
      this.#keep({ field, attempt: { ok: false, failure, calls: { count: maxCrashes, latencyMs: 0 } } });
      await this.#putting;
      return;
    }
    const before = this.#kept;
    await this.#ask([line]);
    if (this.#kept === before) await persistence.persist(() => answers.notBegun(job.run, job.chunk, field));
  }

  #keep(answer: FieldAnswer): void {
    this.#kept += 1;
    this.#answered.push(answer);
    if (this.#putting !== undefined) return;
    this.#putting = this.#putAll();
    // Who waits for the chunk is told.
    this.#putting.catch(() => undefined);
  }

  async #putAll(): Promise<void> {
    await setImmediate(); // so that all answers of one burst go together
    while (this.#answered.length > 0) await this.#put(packAnswers(this.#answered.splice(0), this.#options.seal));
    this.#putting = undefined;
  }

  /** @param group Packed. */
  async #put(group: string): Promise<void> {
    const { jobId, holder, job, answers, persistence } = this.#options;
    const outcome = await persistence.persist(() => answers.put(jobId, holder, job.run, job.chunk, group));
    if (outcome === "no job") this.#early.push(group);
    if (outcome === "late") this.lose();
  }
}
