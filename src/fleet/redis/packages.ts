import { ConfigurationError, errorCode } from "../../model/errors.ts";

/** What `--queue` needs of other packages. */
export interface FleetPackages {
  readonly bullmq: typeof import("bullmq");
  readonly Redis: typeof import("ioredis").Redis;
}

/** Loads them. @throws ConfigurationError where they are not installed: they are optional. */
export async function loadPackages(): Promise<FleetPackages> {
  try {
    const [bullmq, { Redis }] = await Promise.all([import("bullmq"), import("ioredis")]);
    return { bullmq, Redis };
  } catch (error) {
    if (errorCode(error) !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new ConfigurationError(
      "--queue needs the packages bullmq and ioredis, which are not installed here: npm install bullmq ioredis (with -g where llmbatch is)",
      { cause: error },
    );
  }
}
