import { Grouped } from "../../caches/caches.ts";
import { isKeyRefusal, internal } from "../../model/failure.ts";
import { attemptOf, packAnswer } from "../wire/answer.ts";
import type { ChunkJob, ChunkLine } from "../wire/chunk.ts";
import type { Seal } from "../wire/seal.ts";
import type { AnswerStore, FieldAnswer } from "../redis/answers.ts";
import type { Persistence } from "../redis/persist.ts";
import type { LineRunner } from "./line-runner.ts";

/** A chunk that was lost with its worker so often may be what ends workers: its lines are asked one by one. */
const maxStalls = 3;
/** A line that was begun so often by itself, and ended its worker each time, is given up. */
const maxCrashes = 3;

interface ChunkWorkOptions {
  readonly jobId: string;
  readonly job: ChunkJob;
  readonly runner: LineRunner;
  readonly answers: AnswerStore;
  readonly persistence: Persistence;
  readonly seal: Seal;
  /** Whether a line that fails because of this worker's key has failed, or is left for workers with other keys. */
  readonly keepsKeyRefusals: boolean;
}

/** The work on one chunk: each answer is in Redis as soon as it is there. */
export class ChunkWork {
  readonly #options: ChunkWorkOptions;
  /** An answer is on its way at once; those that come meanwhile go together. A call of Redis for each costs 20 µs. */
  readonly #answers = new Grouped<FieldAnswer, void>((answers) => this.#put(answers));
  /** Answers that came while Redis had lost the job: its coordinator adds it again. */
  #early: FieldAnswer[] = [];
  readonly #lost = new AbortController();

  constructor(options: ChunkWorkOptions) {
    this.#options = options;
  }

  /** @param stalls How often the chunk was lost with its worker. */
  async do(lines: readonly ChunkLine[], stalls: number): Promise<void> {
    const { job, answers, persistence } = this.#options;
    const known = await persistence.persist(() => answers.fields(job.run, job.chunk));
    const left = lines.filter(({ field }) => !known.has(field));
    if (stalls < maxStalls) await Promise.all(left.map((line) => this.#ask(line)));
    else for (const line of left) if (!this.#lost.signal.aborted) await this.#askAlone(line);
    const early = this.#early;
    if (early.length > 0) await this.#put(early);
  }

  /** The chunk is another worker's by now: what was not sent is not sent here. */
  lose(): void {
    this.#lost.abort();
    this.#options.runner.wake();
  }

  /** @returns whether there is an answer. */
  async #ask({ field, request }: ChunkLine): Promise<boolean> {
    const { runner, seal, keepsKeyRefusals } = this.#options;
    const outcome = await runner.ask(request, this.#lost.signal);
    if (outcome === undefined) return false;
    const { result, failedUsage } = outcome;
    if (result.status === "failed" && isKeyRefusal(result.failure) && !keepsKeyRefusals) return false;
    await this.#answers.add({ field, answer: packAnswer(attemptOf(result, failedUsage), seal) });
    return true;
  }

  async #askAlone(line: ChunkLine): Promise<void> {
    const { job, answers, persistence, seal } = this.#options;
    const { field } = line;
    const begun = await persistence.persist(() => answers.begin(job.run, job.chunk, field));
    if (begun > maxCrashes) {
      const failure = internal(`worker_crashed: ${maxCrashes} workers ended while they asked this line`);
      const answer = packAnswer({ ok: false, failure, calls: { count: maxCrashes, latencyMs: 0 } }, seal);
      await this.#answers.add({ field, answer });
    } else if (!(await this.#ask(line))) await persistence.persist(() => answers.notBegun(job.run, job.chunk, field));
  }

  async #put(group: readonly FieldAnswer[]): Promise<void[]> {
    const { jobId, job, answers, persistence } = this.#options;
    const outcome = await persistence.persist(() => answers.put(jobId, job.run, job.chunk, group));
    if (outcome === "no job") this.#early = this.#early.concat(group);
    if (outcome === "late") this.lose();
    return group.map(() => undefined);
  }
}
