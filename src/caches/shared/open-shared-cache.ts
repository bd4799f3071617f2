import { randomUUID } from "node:crypto";
import { CacheError, ConfigurationError, errorCode, messageOf } from "../../model/errors.ts";
import { passwordsIn } from "../../text/mask-addresses.ts";
import { createKeyvCache } from "../keyv.ts";
import type { CacheAddress } from "./cache-address.ts";
import { openAdapter } from "./open-adapter.ts";
import { SharedStore, type SharedStoreOptions } from "./shared-store.ts";
import { withTimeout } from "./with-timeout.ts";

export interface SharedCacheOptions extends Omit<SharedStoreOptions, "shown"> {
  readonly address: CacheAddress;
  /** How long an answer is good for, in milliseconds. @default for ever */
  readonly ttlMs?: number;
  /** The clock, in milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  /** Writes nothing. @default false */
  readonly readOnly?: boolean;
  /** For the connection, and for the first look. @default 5_000 */
  readonly connectTimeoutMs?: number;
}

/**
 * Opens a cache on a server: any program that has a `CacheProvider` over the same store of Keyv's finds its answers.
 *
 * @throws ConfigurationError when its package is not installed. CacheError when there is no connection, or it cannot be written and read back.
 */
export async function openSharedCache(options: SharedCacheOptions): Promise<SharedStore> {
  const { address, ttlMs, now, readOnly = false, connectTimeoutMs = 5_000, ...patience } = options;
  const { shown } = address;
  const { adapter, destroy } = await openAdapter(address, connectTimeoutMs).catch((error: unknown) =>
    cannotBeUsed(address, error),
  );
  const inner = createKeyvCache(adapter, { ...(ttlMs !== undefined && { ttlMs }), ...(now !== undefined && { now }) });
  const store = new SharedStore(inner, destroy, { shown, ...patience });
  const key = `probe-${randomUUID()}`;
  try {
    await withTimeout<unknown>(readOnly ? inner.get(key) : store.probe(key), connectTimeoutMs);
    return store;
  } catch (error) {
    destroy();
    await store.close();
    return cannotBeUsed(address, error);
  }
}

function cannotBeUsed({ shown, url }: CacheAddress, error: unknown): never {
  if (error instanceof ConfigurationError) throw error;
  const cause = error instanceof CacheError && error.cause !== undefined ? error.cause : error;
  // Where a name has several addresses, the message is empty.
  const said = messageOf(cause) || errorCode(cause) || "no connection";
  const reason = passwordsIn(url).reduce((text, password) => text.replaceAll(password, "…"), said);
  throw new CacheError(
    `The cache ${shown} cannot be used: ${reason.replace(/\.$/, "")}. Check that the server runs and takes this user, or choose another with --cache-path.`,
  );
}
