import type { Redis } from "ioredis";
import type { RequestManagerOptions } from "../../manager/manager.ts";
import { ConfigurationError } from "../../model/errors.ts";
import type { RunSettings } from "../wire/protocol.ts";

/** The options of a worker's manager that make it keep the limits of its run together with all other workers. */
export async function createSharedLimits(_redis: Redis, _settings: RunSettings): Promise<Partial<RequestManagerOptions>> {
  return {};
}

/** @throws ConfigurationError for limits that workers could not keep together. */
export function checkSharedLimits({ limits }: RunSettings): void {
  if (limits.length > 0)
    throw new ConfigurationError(
      "--rpm, --tpm and --limit cannot be shared by a fleet yet: give each worker its share of them instead, and none to a run with --queue",
    );
}
