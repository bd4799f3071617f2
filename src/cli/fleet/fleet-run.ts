import { stat } from "node:fs/promises";
import { hostname } from "node:os";
import { resolve } from "node:path";
import type { Environment } from "../../config/environment.ts";
import type { Options } from "../../config/options.ts";
import {
  Coordinator,
  createSeal,
  type FleetAddress,
  type FleetPackages,
  FleetWorker,
  loadPackages,
  noSeal,
  parseAddress,
  runIdOf,
  type Seal,
} from "../../fleet/fleet.ts";
import { type RequestManager, type RequestManagerOptions } from "../../manager/manager.ts";
import { ConfigurationError } from "../../model/errors.ts";
import type { PriceBook } from "../../pricing/pricing.ts";
import type { Provider } from "../../providers/providers.ts";
import { describeProviders, givingWay, openProviders, rateLimitsOf } from "../../setup/setup.ts";
import { realPathOf } from "../files/resolve-output.ts";
import type { Inputs } from "../input/inputs.ts";
import type { ResultWriter } from "../output/result-writer.ts";
import { readVersion } from "../version.ts";
import { createWorkerManager } from "./worker-manager.ts";

/** What both sides of a fleet need before they connect. */
export interface FleetAccess {
  readonly packages: FleetPackages;
  readonly address: FleetAddress;
  readonly seal: Seal;
}

/** @throws ConfigurationError for an address that is none or not to be used, a secret that is not there, or a missing package. */
export async function openAccess(queue: string, options: Options, environment: Environment): Promise<FleetAccess> {
  const { queue_prefix: prefix, queue_secret_env: variable, allow_http: allowHttp } = options;
  const address = parseAddress(queue, prefix, allowHttp);
  const secret = variable === undefined ? undefined : environment[variable];
  if (variable !== undefined && (secret === undefined || secret === ""))
    throw new ConfigurationError(`--queue-secret-env: the environment variable ${variable} is not set, or empty`);
  return { packages: await loadPackages(), address, seal: secret === undefined ? noSeal : createSeal(secret, prefix) };
}

/** For people: which process it is. */
export function nameOfProcess(): string {
  return `${hostname()}:${process.pid}`;
}

interface Opening {
  readonly inputs: Inputs;
  readonly total: number | undefined;
  readonly prices: PriceBook;
}

/** What is known before the input was checked. */
export interface FleetPreparation {
  /** The run's providers, without keys. */
  readonly described: Provider;
  open(opening: Opening): Promise<FleetRun>;
}

/** @throws ConfigurationError before any connection. */
export async function prepareFleet(
  queue: string,
  options: Options,
  environment: Environment,
  say: (message: string) => void,
): Promise<FleetPreparation> {
  const access = await openAccess(queue, options, environment);
  const described = describeProviders(options, environment);
  return {
    described,
    async open({ inputs, total, prices }) {
      const run = runIdOf(await factsOf(inputs, options));
      const about = { ...access, name: nameOfProcess(), version: readVersion(), say };
      const settings = { limits: rateLimitsOf(options) };
      const own = options.with_worker ? await openOwnProvider(options, environment, prices, say) : undefined;
      let fleet: FleetRun | undefined;
      const onLost = (why: string): void => {
        say(why);
        fleet?.stop(why);
      };
      let coordinator: Coordinator | undefined;
      try {
        coordinator = await Coordinator.open({ ...about, run, settings, total, described, onLost });
        const worker = own && (await FleetWorker.start({ ...about, ...ownWorker(options, own, prices, about.name) }));
        fleet = new FleetRun(coordinator, worker, own);
        return fleet;
      } catch (error) {
        await coordinator?.abandon();
        await own?.close();
        throw error;
      }
    },
  };
}

/** Of `--with-worker`. */
async function openOwnProvider(
  options: Options,
  environment: Environment,
  prices: PriceBook,
  onWarning: (message: string) => void,
): Promise<Provider> {
  const asked = { options: givingWay(options), environment, needsOne: true, prices, onWarning };
  return (await openProviders(asked)).provider;
}

/** A key that is refused ends the run, as it does without a fleet: there may be no other worker. */
function ownWorker(options: Options, provider: Provider, prices: PriceBook, id: string) {
  const createManager = createWorkerManager({ options, provider, prices, observers: [] });
  return { id, concurrency: options.concurrency, createManager, keepsKeyRefusals: true };
}

/** A run's part in a fleet. */
export class FleetRun {
  readonly coordinator: Coordinator;
  #worker: FleetWorker | undefined;
  readonly #provider: Provider | undefined;
  #manager: RequestManager | undefined;

  /** @param provider Of the worker in this process. */
  constructor(coordinator: Coordinator, worker: FleetWorker | undefined, provider: Provider | undefined) {
    this.coordinator = coordinator;
    this.#worker = worker;
    this.#provider = provider;
  }

  /** How a run's manager differs: each line goes to the fleet at once, which keeps the limits. */
  get managerOptions(): Partial<RequestManagerOptions> {
    return { limiter: this.coordinator.limiter, concurrency: maxLinesAhead };
  }

  begin(writer: ResultWriter, manager: RequestManager): void {
    this.#manager = manager;
    this.coordinator.onSync(() => writer.sync());
  }

  /** The run cannot go on. */
  stop(why: string): void {
    this.#manager?.stop(why);
  }

  /** The output is whole. */
  async finish(): Promise<void> {
    await this.coordinator.finish();
    await this.#end();
  }

  /** It may have ended early. */
  async leave(): Promise<void> {
    await this.coordinator.abandon();
    await this.#end();
  }

  async #end(): Promise<void> {
    await this.#worker?.drain(0);
    this.#worker = undefined;
    await this.#provider?.close();
  }
}

/** The window of chunks bounds them, not the manager. */
const maxLinesAhead = 1_000_000;

/** What makes it the same run when the command is given again. */
async function factsOf(inputs: Inputs, options: Options): Promise<unknown[]> {
  const { output = "-", head, shard, model, set, provider, base_url: baseUrl } = options;
  const files = inputs.files.map(async (file) => {
    if (file === undefined) return "stream";
    const { size, mtimeMs } = await stat(file);
    return [await realPathOf(resolve(file)), size, mtimeMs];
  });
  const to = output === "-" ? output : await realPathOf(resolve(output)).catch(() => resolve(output));
  return [await Promise.all(files), to, head, shard, model, set, provider, baseUrl];
}
