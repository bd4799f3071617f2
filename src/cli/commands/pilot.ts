import type { CacheStore } from "../../caches/caches.ts";
import type { Options } from "../../config/options.ts";
import type { RequestManager } from "../../manager/manager.ts";
import type { PriceBook } from "../../pricing/pricing.ts";
import type { Provider } from "../../providers/providers.ts";
import { type EndingSignal, exitCodeOfSignal, exitCodes } from "../exit-codes.ts";
import type { OnInputs } from "../input/check-input.ts";
import { openInputs } from "../input/inputs.ts";
import { OwnLines } from "../input/own-lines.ts";
import { checkRequests } from "../input/read-requests.ts";
import { formatEstimate } from "../report/format-estimate.ts";
import { askToGoOn } from "../terminal/ask-to-go-on.ts";
import { printError, printLines } from "../terminal/print-error.ts";
import { watchSignals } from "../terminal/signals.ts";
import { type PlacedRequest, RequestEstimation } from "../input/estimate-requests.ts";
import { Spread } from "../../estimation/estimation.ts";
import { stopOf } from "../report/stop-of.ts";
import { formatAmount, formatCount } from "../../text/format-numbers.ts";

export interface PilotOptions {
  readonly options: Options;
  /** Those of the run. */
  readonly files: readonly string[];
  readonly provider: Provider;
  readonly cache: CacheStore | undefined;
  readonly prices: PriceBook;
  readonly manager: RequestManager;
  /** Lines of the run. */
  readonly total: number;
}

/**
 * Sends some lines before all others, says what all will take, and asks on a terminal whether to go on.
 *
 * @returns undefined when the run goes on, else its exit code.
 */
export async function pilotFirst(pilot: PilotOptions): Promise<number | undefined> {
  const { options, manager } = pilot;
  const interrupted = new AbortController();
  const signals = watchSignals(
    () => {
      manager.stop();
      interrupted.abort();
    },
    (signal) => process.exit(exitCodeOfSignal(signal)),
  );
  try {
    const isAsked = process.stdin.isTTY && process.stderr.isTTY && !options.yes;
    await runPilot(pilot, options.quiet && !isAsked);
    const goesOn = !isAsked || (await askToGoOn(process.stdin, process.stderr, interrupted.signal));
    if (goesOn && signals.received === undefined) return undefined;
    return end("it does not go on", options, signals.received);
  } catch (error) {
    const stop = stopOf(error);
    if (stop === undefined) throw error;
    return end(stop.why, options, stop.reason === "interrupted" ? signals.received : undefined);
  } finally {
    signals.stop();
  }
}

/** @returns the exit code. */
function end(why: string, { cache }: Options, signal: EndingSignal | undefined): number {
  const next = cache === "disk" ? "the answers of the pilot are safe in the cache; the same command goes on from there" : "";
  printError(`stopped in the pilot: ${why}${next && `\n${next}`}`);
  return signal === undefined ? exitCodes.stopped : exitCodeOfSignal(signal);
}

/**
 * Sends some lines that are spread evenly over the input, then says what all of them will take. Their answers are in the cache then, under the
 * names that they have in a run of all.
 *
 * @param isSilent Prints nothing: `--quiet` is given, and no question follows that needs the figures.
 * @throws RunStoppedError when the run stops.
 */
async function runPilot({ options, files, manager, total, ...rest }: PilotOptions, isSilent: boolean): Promise<void> {
  const estimation = new RequestEstimation({ options, ...rest });
  const spread = new Spread(Math.min(options.pilot ?? 0, total), total);
  const picked: PlacedRequest[] = [];
  const own = new OwnLines(options.shard);
  const inputs = await openInputs(files, process.stdin);
  try {
    const onInputs: OnInputs = async (read) => {
      const wanted = spread.pick(read.filter(() => own.next()));
      picked.push(...(await estimation.add(read)).filter(({ request }) => wanted.has(request)));
    };
    await checkRequests(inputs, options, rest.provider, { onInputs });
  } finally {
    await inputs.close();
  }
  if (!isSilent) printError(`pilot: ${formatCount(picked.length)} of ${formatCount(total)} lines are sent first`);
  const { answered, failed } = await send(picked, manager, estimation);
  manager.stats.forgetLines(answered);
  if (isSilent) return;
  const failures = failed === 0 ? "" : `, ${failed} failed`;
  printError(`pilot: ${formatAmount(answered.size, "answer")}${failures}; with them, the whole run is expected to take`);
  printLines(formatEstimate(estimation.estimator.estimate(), rest.prices.date));
}

interface Sent {
  /** Numbers of the lines that this run has paid for. */
  readonly answered: ReadonlySet<number>;
  readonly failed: number;
}

async function send(picked: readonly PlacedRequest[], manager: RequestManager, { estimator }: RequestEstimation): Promise<Sent> {
  const answered = new Set<number>();
  let failed = 0;
  const byLine = new Map(picked.map(({ asSent }) => [asSent.lineNumber, asSent]));
  for await (const result of manager.run(picked.map(({ request, occurrence }) => ({ ...request, occurrence })))) {
    const asSent = byLine.get(result.lineNumber);
    if (result.status === "failed") failed += 1;
    else if (result.source === "asked" && asSent !== undefined) {
      answered.add(result.lineNumber);
      estimator.observe(asSent, result.usage, result.latencyMs);
    }
  }
  return { answered, failed };
}
