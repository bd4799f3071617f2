import { ConfigurationError } from "../../model/errors.ts";
import { isLoopback } from "../../sockets/loopback.ts";
import { parseRedisAddress, type RedisAddress } from "../../sockets/redis-address.ts";

/** Where a fleet meets. */
export interface FleetAddress extends RedisAddress {
  /** All keys in Redis begin with it. */
  readonly prefix: string;
}

/**
 * Reads `--queue` and `--queue-prefix`.
 *
 * @param allowHttp Whether lines may go to another machine in clear.
 * @throws ConfigurationError where one of them cannot be used, or lines would go in clear without leave.
 */
export function parseAddress(queue: string, prefix: string, allowHttp: boolean): FleetAddress {
  const address = parseRedisAddress(queue, "--queue");
  const { hostname, isEncrypted } = address;
  if (!isEncrypted && !allowHttp && !isLoopback(hostname))
    throw new ConfigurationError(
      `--queue: lines and answers would go to ${hostname} in clear; use rediss://, or give --allow-http in a network that you trust`,
      { option: "queue" },
    );
  if (!/^[\w.{}-]+$/.test(prefix))
    throw new ConfigurationError("--queue-prefix takes letters, digits and any of . _ - { }", { option: "queue_prefix" });
  return { ...address, prefix };
}
