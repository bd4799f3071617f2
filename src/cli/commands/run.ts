import { dirname } from "node:path";
import { readEnvironment, type Environment } from "../../config/environment.ts";
import { loadOptions } from "../../config/load-options.ts";
import type { Options } from "../../config/options.ts";
import { RequestManager } from "../../manager/request-manager.ts";
import { OutputError, RunStoppedError } from "../../model/errors.ts";
import type { Observer } from "../../model/event.ts";
import type { BatchInput } from "../../model/request.ts";
import type { Provider } from "../../providers/provider.ts";
import { limitsOf, openCache, openProviders } from "../../setup/setup.ts";
import { checkWhole } from "../check-whole.ts";
import { Closers } from "../closers.ts";
import { complain } from "../complain.ts";
import { openEventLog } from "../event-log.ts";
import { exitCodeOfSignal, exitCodes, stopReasonTexts } from "../exit-codes.ts";
import { collectSooner } from "../heap-growth.ts";
import { chooseInput, type Input, InputError, openInput } from "../input.ts";
import { createNotedFingerprints } from "../noted-fingerprints.ts";
import { type Progress, startProgress } from "../progress.ts";
import { createReadingThread } from "../reading-thread.ts";
import { readRequests } from "../requests.ts";
import { openResultWriter, type ResultWriter } from "../result-writer.ts";
import { RunReport } from "../run-report.ts";
import { watchSignals } from "../signals.ts";
import { chooseStatsPath } from "../stats-path.ts";

/**
 * `llmbatch run`: sends the requests, writes the responses.
 *
 * @param showHelp Called when there is no input: nothing was named, and stdin is a terminal.
 * @returns the exit code.
 * @throws UsageError when the run cannot begin; nothing was sent then.
 */
export async function runCommand(
  argument: string | undefined,
  flags: Readonly<Record<string, unknown>>,
  configFile: string | undefined,
  showHelp: () => never,
): Promise<number> {
  collectSooner();
  const environment = readEnvironment();
  const options = loadOptions(flags, configFile, environment);
  const choice = chooseInput(argument, process.stdin.isTTY);
  if (choice.kind === "none") return showHelp();

  const closers = new Closers();
  try {
    const input = await openInput(choice.kind === "file" ? choice.path : "-", process.stdin);
    closers.add(() => input.close());
    return await runInput(input, options, environment, closers);
  } finally {
    await closers.closeAll();
  }
}

/** Everything that can be found wrong is found before the first request is sent. */
async function runInput(input: Input, options: Options, environment: Environment, closers: Closers): Promise<number> {
  const statsPath = await chooseStatsPath(options, input);
  const { provider } = await openProviders({ options, environment, needsOne: true, onEvicted: complain });
  closers.add(() => provider.close());
  let warn = complain;
  const openItsCache = (): ReturnType<typeof openCache> => openCache(options, environment, (warning) => warn(warning));
  const checked = await checkWhole(input, options, provider, openItsCache);
  const cache = await openItsCache();
  if (cache !== undefined) closers.add(() => cache.close());
  const { total } = checked;
  const log = options.log === undefined ? undefined : await openEventLog(options.log, complain);
  if (log !== undefined) closers.add(() => log.close());
  const writer = await openResultWriter(options);
  closers.add(() => writer.abandon());

  const observers: Observer[] = log === undefined ? [] : [log.observe];
  const manager = createManager(provider, cache, observers, writer, options);
  if (total !== undefined) manager.stats.setTotal(total);
  const progress = startProgress({
    mode: progressModeOf(options),
    stream: process.stderr,
    stats: manager.stats,
    term: environment["TERM"],
    limiterStatus: () => manager.limiterStatus(),
    ...(total !== undefined && { total }),
  });
  closers.add(() => progress.stop());
  const report = new RunReport({ options, manager, writer, progress, statsPath });
  observers.push(report.observe);
  warn = report.warn;
  const thread = await createReadingThread(input, { options, checked, provider, stats: manager.stats });
  if (thread !== undefined) closers.add(() => thread.close());
  const noted = await createNotedFingerprints(input, options, provider, cache);
  if (noted !== undefined) closers.add(() => noted.close());
  const requests = readRequests(input, { ...options, checked, thread, noted }, report.warn);
  return sendAll({ requests, manager, writer, progress, report });
}

/** Results that scroll over the terminal are progress enough; a bar between them would be drawn over. */
function progressModeOf({ quiet, progress, output }: Options): Options["progress"] {
  const resultsScrollBy = (output === undefined || output === "-") && process.stdout.isTTY;
  return quiet || (progress === "auto" && resultsScrollBy) ? "none" : progress;
}

function createManager(
  provider: Provider,
  cache: Awaited<ReturnType<typeof openCache>>,
  observers: readonly Observer[],
  writer: ResultWriter,
  options: Options,
): RequestManager {
  return new RequestManager({
    ...limitsOf(options),
    provider,
    ...(cache !== undefined && { cache }),
    ...(writer.outputPath !== undefined && { spoolDirectory: dirname(writer.outputPath) }),
    observers,
  });
}

interface Sending {
  readonly requests: AsyncGenerator<Iterable<BatchInput>>;
  readonly manager: RequestManager;
  readonly writer: ResultWriter;
  readonly progress: Progress;
  readonly report: RunReport;
}

async function sendAll({ requests, manager, writer, progress, report }: Sending): Promise<number> {
  const signals = watchSignals(
    (signal) => {
      report.interrupting(signal, manager.limiterStatus().inFlight);
      manager.stop();
    },
    (signal) => {
      progress.restore();
      process.exit(exitCodeOfSignal(signal));
    },
  );
  try {
    for await (const results of manager.runInGroups(requests)) {
      for (const result of results) {
        const pending = writer.write(result);
        if (pending !== undefined) await pending;
      }
      if (writer.readerGone) break;
    }
    if (writer.readerGone) return exitCodes.succeeded;
    await writer.finish();
    await report.finished();
    return manager.stats.requestsFailed === 0 ? exitCodes.succeeded : exitCodes.someFailed;
  } catch (error) {
    await writer.abandon().catch((reason: unknown) => reason); // the first error says more
    const stop = stopOf(error);
    if (stop === undefined) throw error;
    await report.stopped(stop.why);
    return stop.isInterrupt && signals.received !== undefined ? exitCodeOfSignal(signals.received) : exitCodes.stopped;
  } finally {
    signals.stop();
  }
}

/** @returns undefined for an error that nobody could expect. */
function stopOf(error: unknown): { why: string; isInterrupt: boolean } | undefined {
  if (error instanceof OutputError || error instanceof InputError) return { why: error.message, isInterrupt: false };
  if (!(error instanceof RunStoppedError)) return undefined;
  if (error.reason === "interrupted") return { why: stopReasonTexts.interrupted, isInterrupt: true };
  return { why: `${stopReasonTexts[error.reason]}: ${error.message}`, isInterrupt: false };
}
