import { readEnvironment } from "../../config/environment.ts";
import { flagOf } from "../../config/option-table.ts";
import { loadOptions } from "../../config/load-options.ts";
import type { Options } from "../../config/options.ts";
import { FleetWorker } from "../../fleet/fleet.ts";
import { ConfigurationError, type RunStoppedError } from "../../model/errors.ts";
import { givingWay, openConfiguredPrices, openProviders } from "../../setup/setup.ts";
import { exitCodeOfSignal, exitCodes, stopReasonTexts } from "../exit-codes.ts";
import { locateInOnlyInput } from "../input/locate.ts";
import { openEventLog } from "../report/event-log.ts";
import { printError } from "../terminal/print-error.ts";
import { watchSignals } from "../terminal/signals.ts";
import { readVersion } from "../version.ts";
import { CleanupStack } from "./cleanup-stack.ts";
import { nameOfProcess, openAccess } from "../fleet/fleet-run.ts";
import { createWorkerManager } from "../fleet/worker-manager.ts";

/** As long as a run waits for what is in flight. */
const drainMs = 30_000;

/**
 * `llmbatch worker`: asks lines for all runs of a queue until it is stopped.
 *
 * @returns the exit code: 0 after a signal, 3 when it stopped by itself: its key was refused, say.
 * @throws ConfigurationError when it cannot begin.
 */
export async function workerCommand(flags: Readonly<Record<string, unknown>>, configFile: string | undefined): Promise<number> {
  const environment = readEnvironment();
  const options = loadOptions(flags, configFile, environment, printError);
  const { queue, concurrency } = options;
  if (queue === undefined) throw new ConfigurationError("a worker needs --queue URL: the Redis of its runs, redis://HOST:6379");
  for (const name of limitsWithoutEffect(options))
    printError(`${name} has no effect at a worker: give it to \`llmbatch run --queue\`, which tells all workers`);
  const access = await openAccess(queue, options, environment);
  const prices = await openConfiguredPrices(options, environment);
  const { provider } = await openProviders({
    options: givingWay(options),
    environment,
    needsOne: false,
    prices,
    onWarning: printError,
  });
  const cleanups = new CleanupStack();
  cleanups.defer(() => provider.close());
  try {
    const log = options.log === undefined ? undefined : await openEventLog(options.log, printError, locateInOnlyInput);
    if (log !== undefined) cleanups.defer(() => log.close());
    const observers = log === undefined ? [] : [log.observe];
    const createManager = createWorkerManager({ options, provider, prices, observers });
    const name = nameOfProcess();
    const about = { id: name, name, version: readVersion(), concurrency, keepsKeyRefusals: false, say: printError };
    const worker = await FleetWorker.start({ ...access, ...about, createManager });
    const signalled = untilSignal(); // before it says that it works: who hears that may end it
    process.stderr.write(`llmbatch: working for ${access.address.shown}, up to ${concurrency} lines at a time\n`);
    const stop = await Promise.race([worker.stopped, signalled]);
    if (stop !== undefined) printError(stoppedText(stop));
    await worker.drain(drainMs);
    return stop === undefined ? exitCodes.succeeded : exitCodes.stopped;
  } finally {
    await cleanups.closeAll();
  }
}

/** A worker may have the configuration of the run. */
function limitsWithoutEffect({ rpm, tpm, limit }: Options): string[] {
  const set = { rpm: rpm !== undefined, tpm: tpm !== undefined, limit: limit.rates.length > 0 };
  return Object.entries(set).flatMap(([name, isSet]) => (isSet ? [flagOf(name)] : []));
}

function stoppedText({ reason, message }: RunStoppedError): string {
  return `this worker stops: ${stopReasonTexts[reason]}: ${message}`;
}

/** The second signal ends it at once. */
function untilSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    watchSignals(
      () => {
        process.stderr.write("llmbatch: no more lines are taken; those in flight may end. Ctrl-C again cuts them\n");
        resolve(undefined);
      },
      (signal) => process.exit(exitCodeOfSignal(signal)),
    );
  });
}
