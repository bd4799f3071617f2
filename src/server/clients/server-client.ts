import type { Band } from "../../model/demand.ts";
import type { RateLimit } from "../../model/rate-limit.ts";

/** One of several clients of a server, which it knows by its token. */
export interface ServerClient {
  readonly token: string;
  /** Of its share, beside the other clients of its band. @default 1 */
  readonly weight?: number | undefined;
  /** A request may lower it to `batch` by `x-llmbatch-priority`. @default "live" */
  readonly priority?: Band | undefined;
  /** What goes beyond them is refused (429). @default none but those of all */
  readonly limits?: readonly RateLimit[] | undefined;
  /** Requests that have not ended, those that wait included. @default as many as come */
  readonly maxInFlight?: number | undefined;
  /** In US dollars, in any 24 hours, since the server began. What is in flight when it is reached is answered. @default no bound */
  readonly maxCostUsd?: number | undefined;
  /** Those that it may ask; for it there are no others. @default all */
  readonly models?: readonly string[] | undefined;
  /** Whether it finds answers of batches, and of others that share. @default "own" where there are several clients */
  readonly cache?: "own" | "shared" | undefined;
}
