import { isThrottled, type Failure } from "../../model/failure.ts";
import type { BlockedBy, Ended, Gate } from "../gate.ts";
import { Pause, type PauseOptions } from "./pause.ts";

/** A time in which a target rejects requests, from the first rejection to the end of the pause. */
export interface Episode {
  /** The first rejection. */
  readonly failure: Failure;
  readonly beganAtMs: number;
  /** How many were in flight then, and how many of them were rejected. */
  readonly inFlight: number;
  readonly rejected: number;
  /** So many, and so many of those in flight, are no chance. */
  readonly isOverrun: boolean;
}

interface RejectionsOptions extends PauseOptions {
  /** @param pauseMs How long no request starts. */
  readonly onBegin: (failure: Failure, pauseMs: number) => void;
  /** Called when the next request would start: by then those in flight have been answered or rejected. */
  readonly onEnd: (episode: Episode) => void;
}

const minOverrun = 6;
const minOverrunShare = 0.15;

/** Pauses while a target rejects requests, and counts how many it rejects. */
export class Rejections implements Gate {
  readonly #options: RejectionsOptions;
  readonly #pause: Pause;
  #current: Omit<Episode, "rejected" | "isOverrun"> | undefined;
  #rejected = 0;

  constructor(options: RejectionsOptions) {
    this.#options = options;
    this.#pause = new Pause(options);
  }

  /** The number of the last episode. */
  get episode(): number {
    return this.#pause.episode;
  }

  get pauseMs(): number {
    return this.#pause.leftMs;
  }

  /** Whether requests that were rejected like the last one are held back as long as the server asked. */
  get coversLast(): boolean {
    return this.#pause.coversLast;
  }

  blockedBy(): BlockedBy | undefined {
    const waitMs = this.#pause.leftMs;
    const { rejection } = this.#pause;
    if (waitMs > 0) return { reason: "pause", waitMs, ...(rejection && { rejection }) };
    const ended = this.#current;
    if (ended === undefined) return undefined;
    this.#current = undefined;
    const isOverrun = this.#rejected >= minOverrun && this.#rejected >= ended.inFlight * minOverrunShare;
    this.#options.onEnd({ ...ended, rejected: this.#rejected, isOverrun });
    return undefined;
  }

  ended({ attempt, start, inFlight }: Ended): void {
    const failure = attempt.ok ? undefined : attempt.failure;
    if (failure !== undefined && isThrottled(failure) && failure.kind === this.#current?.failure.kind) this.#rejected += 1;
    if (!this.#pause.observe(attempt, start.episode) || failure === undefined) return;
    this.#current = { failure, beganAtMs: this.#options.clock(), inFlight };
    this.#rejected = 1;
    this.#options.onBegin(failure, this.#pause.leftMs);
  }
}
