import type { Attempt } from "../../model/attempt.ts";
import type { Demand, Target } from "../../model/demand.ts";
import { type Failure, isModelRefusal, type SharedFailureKind, unservedModel } from "../../model/failure.ts";
import { CommonMessages } from "../../stats/stats.ts";

/** Failures of one kind and status, with no success between them. */
export interface Alike {
  readonly count: number;
  /** The commonest. */
  readonly message: string;
}

/** What came of attempts that have something in common, such as their target, since the last success of one. */
export class Streak {
  /** Of those attempts. */
  inFlight = 0;
  readonly #alike = new Map<string, { count: number; readonly messages: CommonMessages }>();

  succeeded(): void {
    if (this.#alike.size > 0) this.#alike.clear();
  }

  /**
   * Counts a failure that has just ended.
   *
   * @param min How many alike are no chance.
   * @returns those that are: so many, and more than are in flight, because a refusal comes at once and what is in flight may succeed yet.
   */
  failed({ kind, statusCode, message }: Failure, lineNumber: number, min: number): Alike | undefined {
    const key = `${kind} ${statusCode ?? ""}`;
    let alike = this.#alike.get(key);
    if (alike === undefined) this.#alike.set(key, (alike = { count: 0, messages: new CommonMessages() }));
    alike.count += 1;
    alike.messages.add(message, lineNumber);
    if (alike.count < min || alike.count <= this.inFlight) return undefined;
    return { count: alike.count, message: alike.messages.commonest?.message ?? message };
  }
}

/** One refusal may be a line's; three in a row with no success between them are not. */
export const minRefusals = 3;

/** A file may name any number of models; what was found of the others is forgotten. */
const maxRemembered = 1_000;

/** Why a model is asked for no more at a target. */
interface Verdict {
  readonly kind: SharedFailureKind;
  readonly count: number;
  readonly message: string;
}

/** What is known of a model at a target. */
interface Standing {
  readonly streak: Streak;
  verdict: Verdict | undefined;
}

/** Condemns models at targets that refuse them: no more requests go there for them, neither those that wait nor those that come. */
export class Refusals {
  /** The last one. */
  latest: Verdict | undefined;
  readonly #onVerdict: () => void;
  readonly #models = new Map<string, Map<Target, Standing>>();

  /** @param onVerdict Requests that wait may have to go elsewhere. */
  constructor(onVerdict: () => void) {
    this.#onVerdict = onVerdict;
  }

  started(target: Target, model: string): void {
    this.#standing(target, model).streak.inFlight += 1;
  }

  /** @returns what to tell the user. */
  ended(attempt: Attempt, target: Target, model: string, lineNumber: number): string | undefined {
    const standing = this.#standing(target, model);
    const { streak } = standing;
    streak.inFlight -= 1;
    if (attempt.ok) {
      streak.succeeded();
      standing.verdict = undefined;
      return undefined;
    }
    const { failure } = attempt;
    if (standing.verdict !== undefined || !isModelRefusal(failure)) return undefined;
    const alike = streak.failed(failure, lineNumber, minRefusals);
    if (alike === undefined) return undefined;
    this.latest = standing.verdict = { kind: failure.kind, ...alike };
    this.#onVerdict();
    return `${target.name} gets no more requests for ${JSON.stringify(model)}: ${alike.count} in a row failed alike (${alike.message})`;
  }

  /** The demand without the targets that are condemned for its model. */
  allowed(demand: Demand, model: string): Demand {
    if (this.latest === undefined) return demand;
    const standings = this.#models.get(model);
    return { ...demand, candidates: demand.candidates.filter(({ target }) => standings?.get(target)?.verdict === undefined) };
  }

  /** The failure of a request that no target is left for. */
  unsent(model: string): Failure {
    const verdicts = [...(this.#models.get(model)?.values() ?? [])].map(({ verdict }) => verdict);
    const verdict = verdicts.findLast((known) => known !== undefined);
    if (verdict === undefined) return unservedModel(model, "no target is left");
    const { kind, count, message } = verdict;
    return { kind, message: `not sent, as ${count} requests before it failed alike: ${message}`, retryable: false };
  }

  #standing(target: Target, model: string): Standing {
    let standings = this.#models.get(model);
    if (standings === undefined) {
      this.#models.set(model, (standings = new Map<Target, Standing>()));
      if (this.#models.size > maxRemembered) this.#forgetOne();
    }
    let standing = standings.get(target);
    if (standing === undefined) standings.set(target, (standing = { streak: new Streak(), verdict: undefined }));
    return standing;
  }

  #forgetOne(): void {
    for (const [model, standings] of this.#models) {
      if ([...standings.values()].some(({ streak }) => streak.inFlight > 0)) continue;
      this.#models.delete(model);
      return;
    }
  }
}
