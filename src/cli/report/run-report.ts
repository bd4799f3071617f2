import { rm } from "node:fs/promises";
import type { Options } from "../../config/options.ts";
import type { RequestManager } from "../../manager/manager.ts";
import type { Locate } from "../input/locate.ts";
import { messageOf, type StopReason } from "../../model/errors.ts";
import type { Observer, RunEvent } from "../../model/event.ts";
import { isThrottled } from "../../model/failure.ts";
import type { TokenStats } from "../../stats/stats.ts";
import { describeLeft } from "./describe-left.ts";
import { printError, printLines } from "../terminal/print-error.ts";
import { type EndingSignal, stopRemedies } from "../exit-codes.ts";
import type { Progress } from "../../progress/progress.ts";
import type { ResultWriter } from "../output/result-writer.ts";
import type { StatsPaths } from "./stats-path.ts";
import { formatSummary } from "./summary.ts";
import { printable } from "../../text/printable.ts";
import { redactSecrets } from "../terminal/redact-secrets.ts";
import { writeFileAtomically } from "../output/write-atomically.ts";
import { formatAmount, formatMilliseconds } from "../../text/format-numbers.ts";

interface RunReportOptions {
  readonly options: Options;
  readonly locate: Locate;
  /** Names a line, with its file. */
  readonly place: (lineNumber: number) => string;
  /** The log of bodies, if there is one. */
  readonly bodiesPath: string | undefined;
  readonly manager: RequestManager;
  /** Lines of the input; undefined where they are not known before its end. */
  readonly total: number | undefined;
  readonly writer: ResultWriter;
  readonly progress: Progress;
  readonly statsPaths: StatsPaths | undefined;
}

/** Reports a run: warnings while it goes on, statistics and a summary at its end. */
export class RunReport {
  readonly #options: Options;
  readonly #locate: Locate;
  readonly #place: (lineNumber: number) => string;
  readonly #bodiesPath: string | undefined;
  readonly #manager: RequestManager;
  readonly #total: number | undefined;
  readonly #stats: TokenStats;
  readonly #writer: ResultWriter;
  readonly #progress: Progress;
  readonly #statsPaths: StatsPaths | undefined;
  readonly #failing = new Set<string>();
  #hasToldRetry = false;

  constructor({ options, locate, place, bodiesPath, manager, total, writer, progress, statsPaths }: RunReportOptions) {
    this.#options = options;
    this.#locate = locate;
    this.#place = place;
    this.#bodiesPath = bodiesPath;
    this.#manager = manager;
    this.#total = total;
    this.#stats = manager.stats;
    this.#writer = writer;
    this.#progress = progress;
    this.#statsPaths = statsPaths;
  }

  readonly warn = (warning: string): void => {
    this.#progress.log(`llmbatch: ${printable(redactSecrets(warning))}`);
  };

  readonly observe: Observer = (event) => {
    if (event.type === "warning") this.#observeWarning(event);
    if (event.type === "circuit") this.#observeCircuit(event);
    if (event.type === "retry-wait") this.#observeRetry(event);
  };

  interrupting(signal: EndingSignal, inFlight: number): void {
    const again = signal === "SIGINT" ? " (Ctrl-C again to stop at once)" : "";
    const waiting = `; waiting up to 30 s for ${formatAmount(inFlight, "request")} in flight${again}`;
    this.warn(`${signal}: nothing more is sent${inFlight === 0 ? "" : waiting}`);
  }

  /** The run is complete. @throws OutputError when the statistics cannot be written. */
  async finished(): Promise<void> {
    this.#end();
    const { finished, stopped } = this.#statsPaths ?? {};
    await this.#writeStats(finished);
    if (stopped !== undefined && stopped !== finished) await rm(stopped, { force: true });
    this.#summarise(finished);
  }

  /** The run ended early. @param why For a person. @param reason Undefined where its input or output failed. */
  async stopped(why: string, reason: StopReason | undefined): Promise<void> {
    this.#end();
    const path = this.#statsPaths?.stopped;
    const isWritten = await this.#writeStats(path).then(
      () => true,
      (error: unknown) => {
        if (messageOf(error) !== why) printError(messageOf(error));
        return false;
      },
    );
    this.#summarise(isWritten ? path : undefined);
    const isWholeKnown = this.#total !== undefined;
    const left = reason === "budget" ? [describeLeft(this.#stats, this.#manager.budgetStatus(), isWholeKnown)] : [];
    const message = [`stopped early: ${why}`, ...left, this.#howToGoOn(reason)].join("\n");
    if (this.#isForPrograms) printLines(JSON.stringify({ type: "stopped", message }));
    else printError(message);
  }

  /** The first of a run without an answer: where no server listens, a short file would be retried for half a minute without a word. */
  #observeRetry({ failure, waitMs, lineNumber }: RunEvent & { readonly type: "retry-wait" }): void {
    if (this.#hasToldRetry || this.#stats.requestsCompleted > 0 || isThrottled(failure)) return;
    this.#hasToldRetry = true;
    this.warn(`${this.#place(lineNumber)}: ${failure.message}; asked again in ${formatMilliseconds(waitMs)}`);
  }

  #observeWarning({ message, lineNumber }: RunEvent & { readonly type: "warning" }): void {
    this.warn(lineNumber === undefined ? message : `${this.#place(lineNumber)}: ${message}`);
  }

  /** Warns once, not at each probe that fails. */
  #observeCircuit({ provider, state, reason, isReachable }: RunEvent & { readonly type: "circuit" }): void {
    if (state === "open" && !this.#failing.has(provider)) {
      const finding = isReachable ? `every request fails at ${provider}` : `no request gets through to ${provider}`;
      this.warn(`${finding} (${reason}); one at a time is sent until one succeeds`);
    }
    if (state === "closed") this.warn(`${provider} answers again`);
    if (state === "closed") this.#failing.delete(provider);
    else this.#failing.add(provider);
  }

  #end(): void {
    this.#stats.end();
    this.#progress.stop();
  }

  /** A program reads the progress: every line of it is JSON. */
  get #isForPrograms(): boolean {
    return this.#options.progress === "json" && !this.#options.quiet;
  }

  async #writeStats(path: string | undefined): Promise<void> {
    if (path !== undefined) await writeFileAtomically(path, `${JSON.stringify(this.#locatedStats(), null, 2)}\n`);
  }

  #locatedStats(): object {
    const stats = this.#stats.toJSON();
    const failures = Object.entries(stats.failure_messages).map(([kind, { message, line_number }]) => {
      const { file, line } = this.#locate(line_number);
      return [kind, { message, file, line_number: line }];
    });
    return { ...stats, failure_messages: Object.fromEntries(failures) };
  }

  #summarise(statsPath: string | undefined): void {
    if (this.#options.quiet) return;
    if (this.#isForPrograms) return printLines(JSON.stringify({ type: "summary", ...this.#locatedStats() }));
    const { outputPath, errorsPath, isFinished } = this.#writer;
    const suffix = isFinished ? "" : ".partial";
    const paths = {
      outputPath: outputPath && outputPath + suffix,
      errorsPath: errorsPath && errorsPath + suffix,
      statsPath,
      logPath: this.#options.log,
      bodiesPath: this.#bodiesPath,
    };
    process.stderr.write(`${redactSecrets(formatSummary(this.#stats, paths, this.#locate))}\n`);
  }

  #howToGoOn(reason: StopReason | undefined): string {
    const count = this.#stats.requestsCompleted;
    const answers = `${formatAmount(count, "answer")} ${count === 1 ? "is" : "are"}`;
    if (this.#options.cache !== "disk")
      return `there is no disk cache (--cache ${this.#options.cache}), so the same command starts anew`;
    const remedy = reason && stopRemedies[reason];
    return `${answers} safe in the cache; ${remedy === undefined ? "" : `${remedy}, then `}run the same command again to go on from there`;
  }
}
