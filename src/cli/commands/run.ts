import { dirname } from "node:path";
import { readEnvironment, type Environment } from "../../config/environment.ts";
import { loadOptions } from "../../config/load-options.ts";
import type { Options } from "../../config/options.ts";
import { findUnbounded, RequestManager } from "../../manager/manager.ts";
import type { Observer } from "../../model/event.ts";
import { createRedact } from "../../text/redaction.ts";
import type { BatchInput } from "../../model/request.ts";
import type { PriceBook } from "../../pricing/pricing.ts";
import type { Provider } from "../../providers/providers.ts";
import { configuredSecrets, givingWay, limitsOf, openCache, openConfiguredPrices, openProviders } from "../../setup/setup.ts";
import type { FindProblem } from "../input/check-input.ts";
import { checkWhole } from "../input/check-whole.ts";
import { checkDedupe, checkPilot, checkTokenizer } from "./check-options.ts";
import { optionsOfShard } from "../input/shard-options.ts";
import { CleanupStack } from "./cleanup-stack.ts";
import type { FleetPreparation, FleetRun } from "../fleet/fleet-run.ts";
import { printError } from "../terminal/print-error.ts";
import { type BodyLog, openBodyLog } from "../report/body-log.ts";
import { openEventLog } from "../report/event-log.ts";
import { exitCodeOfSignal, exitCodes } from "../exit-codes.ts";
import { delayTierUp } from "../delay-tier-up.ts";
import { limitHeapGrowth } from "./heap-growth.ts";
import { afterFitCheck, createQuietPreparer, fitCheckOf } from "../input/fit-check.ts";
import { type Inputs, openInputs } from "../input/inputs.ts";
import { ownRequests } from "../input/own-lines.ts";
import { chooseInputs } from "../input/open-input.ts";
import { type Progress, startProgress } from "../../progress/progress.ts";
import { startReading } from "../input/read-requests.ts";
import { openResultWriter, type ResultWriter } from "../output/result-writer.ts";
import { secretsOf } from "../terminal/redact-secrets.ts";
import { stopOf } from "../report/stop-of.ts";
import { RunReport } from "../report/run-report.ts";
import { watchSignals } from "../terminal/signals.ts";
import { chooseStatsPaths } from "../report/stats-path.ts";

/**
 * `llmbatch run`: sends the requests, writes the responses.
 *
 * @param showHelp Called when there is no input: no path, and stdin is a terminal.
 * @returns the exit code.
 * @throws ConfigurationError when the run cannot begin; then nothing was sent.
 */
export async function runCommand(
  paths: readonly string[],
  flags: Readonly<Record<string, unknown>>,
  configFile: string | undefined,
  showHelp: () => never,
): Promise<number> {
  limitHeapGrowth();
  delayTierUp();
  const environment = readEnvironment();
  const options = optionsOfShard(loadOptions(flags, configFile, environment, printError));
  const chosen = chooseInputs(paths, process.stdin.isTTY);
  if (chosen === undefined) return showHelp();
  const { lines } = options.limit;
  if (lines !== undefined) printError(`--limit ${lines} sends ${lines} lines, as before; it is called --head ${lines} now`);

  const cleanups = new CleanupStack();
  try {
    const inputs = await openInputs(chosen, process.stdin);
    cleanups.defer(() => inputs.close());
    return await runInputs(inputs, options, environment, cleanups);
  } finally {
    await cleanups.closeAll();
  }
}

/** Opens and checks everything before the first request is sent. */
async function runInputs(inputs: Inputs, options: Options, environment: Environment, cleanups: CleanupStack): Promise<number> {
  checkPilot(options, inputs);
  checkDedupe(options);
  checkTokenizer(options);
  const statsPaths = await chooseStatsPaths(options, inputs);
  const prices = await openConfiguredPrices(options, environment);
  let warn = printError;
  const joining = await joinFleet(options, environment, (message) => warn(message));
  const provider = joining?.described ?? (await openProvider(options, environment, prices));
  cleanups.defer(() => provider.close());
  const cache = await openCache(options, environment, (warning) => warn(warning));
  if (cache !== undefined) cleanups.defer(() => cache.close());
  const fit = fitCheckOf(options, provider, async () => prices);
  const findProblem = unboundedFinder(options, provider, prices);
  const checked = await checkWhole(inputs, options, provider, cache, printError, { fit, findProblem });
  const { total } = checked;
  const read = await startReading(inputs, { ...options, checked }, provider, (warning) => warn(warning));
  const requests = ownRequests(read, options, provider, prices);
  const fleet = await joining?.open({ inputs, total, prices });
  if (fleet !== undefined) cleanups.defer(() => fleet.leave());
  const writer = await openResultWriter(options, inputs.locate);
  cleanups.defer(() => writer.discard()); // what was sent has ended it
  const log = options.log === undefined ? undefined : await openEventLog(options.log, printError, inputs.locate);
  if (log !== undefined) cleanups.defer(() => log.close());
  const bodyLog = await openBodies(options, environment);
  if (bodyLog !== undefined) cleanups.defer(() => bodyLog.close());

  const observers: Observer[] = log === undefined ? [] : [log.observe];
  const left = total === undefined ? options : afterFitCheck(options);
  if (fleet !== undefined) observers.push(fleet.coordinator.observe);
  const asked = fleet?.coordinator.provider ?? provider;
  const parts = { provider: bodyLog?.observe(asked) ?? asked, cache, prices, observers, writer, fleet };
  const manager = createManager(left, parts);
  fleet?.begin(writer, manager);
  if (total !== undefined && options.pilot !== undefined) {
    const { pilotFirst } = await import("./pilot.ts");
    const files = inputs.files.filter((name) => name !== undefined);
    const ended = await pilotFirst({ options, files, provider, cache, prices, manager, total });
    if (ended !== undefined) return ended;
  }
  if (total !== undefined) manager.stats.setTotal(total);
  const progress = startProgress({
    mode: progressModeOf(options),
    stream: process.stderr,
    stats: manager.stats,
    term: environment["TERM"],
    limiterStatus: () => manager.limiterStatus(),
    ...(total !== undefined && { total }),
    ...(fleet !== undefined && { workers: () => fleet.coordinator.workers }),
  });
  cleanups.defer(() => progress.stop());
  const report = new RunReport({
    options,
    locate: inputs.locate,
    place: (lineNumber) => inputs.place(lineNumber),
    bodiesPath: bodyLog?.path,
    manager,
    total,
    writer,
    progress,
    statsPaths,
  });
  observers.push(report.observe);
  warn = report.warn;
  return sendAll({ requests, manager, writer, progress, report, fleet });
}

/** What of it needs Redis is loaded where there is a queue. */
async function joinFleet(
  options: Options,
  environment: Environment,
  say: (message: string) => void,
): Promise<FleetPreparation | undefined> {
  if (options.queue === undefined) return undefined;
  const { prepareFleet } = await import("../fleet/fleet-run.ts");
  return prepareFleet(options.queue, options, environment, say);
}

async function openProvider(options: Options, environment: Environment, prices: PriceBook): Promise<Provider> {
  const { provider } = await openProviders({
    options: givingWay(options),
    environment,
    needsOne: true,
    prices,
    onWarning: printError,
  });
  return provider;
}

/** Under a cap every request needs a bound. */
function unboundedFinder(options: Options, provider: Provider, prices: PriceBook): FindProblem | undefined {
  const { max_cost: cost, max_tokens_total: tokens } = options;
  if (cost === undefined && tokens === undefined) return undefined;
  const preparer = createQuietPreparer(options, provider, prices);
  const find = findUnbounded({ provider, prices, isPriced: cost !== undefined });
  return (request) => find(preparer.prepare(request).request);
}

function openBodies(options: Options, environment: Environment): Promise<BodyLog> | undefined {
  if (options.log_bodies === undefined) return undefined;
  const redact = createRedact([...secretsOf(environment), ...configuredSecrets(options, environment)]);
  return openBodyLog(options.log_bodies, redact, printError);
}

/** No bar where results scroll over the same terminal: they would overwrite it. */
function progressModeOf({ quiet, progress, output }: Options): Options["progress"] {
  const resultsScrollBy = (output === undefined || output === "-") && process.stdout.isTTY;
  return quiet || (progress === "auto" && resultsScrollBy) ? "none" : progress;
}

interface ManagerParts {
  readonly provider: Provider;
  readonly cache: Awaited<ReturnType<typeof openCache>>;
  readonly prices: PriceBook;
  readonly observers: readonly Observer[];
  readonly writer: ResultWriter;
  readonly fleet: FleetRun | undefined;
}

function createManager(options: Options, { provider, cache, prices, observers, writer, fleet }: ManagerParts): RequestManager {
  return new RequestManager({
    ...limitsOf(options),
    provider,
    prices,
    ...(cache !== undefined && { cache }),
    ...(writer.outputPath !== undefined && { spoolDirectory: dirname(writer.outputPath) }),
    ...fleet?.managerOptions,
    observers,
  });
}

interface Sending {
  readonly requests: AsyncGenerator<Iterable<BatchInput>>;
  readonly manager: RequestManager;
  readonly writer: ResultWriter;
  readonly progress: Progress;
  readonly report: RunReport;
  readonly fleet: FleetRun | undefined;
}

async function sendAll({ requests, manager, writer, progress, report, fleet }: Sending): Promise<number> {
  const signals = watchSignals(
    (signal) => {
      report.interrupting(signal, manager.limiterStatus().inFlight);
      manager.stop();
      void fleet?.coordinator.halt();
    },
    (signal) => {
      progress.restore();
      process.exit(exitCodeOfSignal(signal));
    },
  );
  try {
    for await (const results of manager.runInGroups(fleet?.coordinator.feed(requests) ?? requests)) {
      for (const result of results) {
        const pending = writer.write(result);
        if (pending !== undefined) await pending;
      }
      fleet?.coordinator.written(results);
      if (writer.readerGone) break;
    }
    if (writer.readerGone) {
      await writer.abandon();
      return exitCodes.succeeded;
    }
    await writer.finish();
    await fleet?.finish();
    await report.finished();
    return manager.stats.requestsFailed === 0 ? exitCodes.succeeded : exitCodes.someFailed;
  } catch (error) {
    await writer.abandon().catch((reason: unknown) => reason); // the first error says more
    const stop = stopOf(error);
    if (stop === undefined) throw error;
    await report.stopped(stop.why, stop.reason);
    return stop.reason === "interrupted" && signals.received !== undefined
      ? exitCodeOfSignal(signals.received)
      : exitCodes.stopped;
  } finally {
    signals.stop();
  }
}
