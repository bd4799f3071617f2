import type { Options } from "../../config/options.ts";
import { RequestNames } from "../../manager/manager.ts";
import type { BatchInput } from "../../model/request.ts";
import type { PriceBook } from "../../pricing/pricing.ts";
import type { Provider } from "../../providers/providers.ts";
import { createQuietPreparer } from "./fit-check.ts";

type Shard = Options["shard"];

/**
 * Tells which lines are a shard's: every N-th. So shards are as large as each other wherever the long lines stand, a line that is appended moves no
 * other to another shard, and the length of stdin need not be known.
 */
export class OwnLines {
  readonly #shard: Shard;
  #seen = 0;

  /** @param shard Without one all lines are. */
  constructor(shard: Shard) {
    this.#shard = shard;
  }

  /** Whether the next line is. Blank lines are no lines. */
  next(): boolean {
    const { index, count } = this.#shard ?? { index: 1, count: 1 };
    const isOwn = this.#seen % count === index - 1;
    this.#seen += 1;
    return isOwn;
  }
}

/** How many of so many lines are the shard's. */
export function countOwn(lines: number, shard: Shard): number {
  return shard === undefined ? lines : Math.max(0, Math.ceil((lines - shard.index + 1) / shard.count));
}

/**
 * What is the shard's of the whole input. All of its requests are named: an identical line of another shard has an answer of its own, and
 * only its occurrence in the whole input tells the two apart in a cache that they share.
 */
export function ownRequests(
  groups: AsyncGenerator<Iterable<BatchInput>>,
  options: Options,
  provider: Provider,
  prices: PriceBook,
): AsyncGenerator<Iterable<BatchInput>> {
  return options.shard === undefined ? groups : filterOwn(groups, options, provider, prices);
}

async function* filterOwn(
  groups: AsyncGenerator<Iterable<BatchInput>>,
  options: Options,
  provider: Provider,
  prices: PriceBook,
): AsyncGenerator<Iterable<BatchInput>> {
  const names = new RequestNames(provider, options.dedupe);
  const preparer = createQuietPreparer(options, provider, prices);
  const lines = new OwnLines(options.shard);
  const filter = function* (group: Iterable<BatchInput>): Generator<BatchInput> {
    for (const input of group) {
      const isOwn = lines.next();
      const named = input.kind === "request" ? withOccurrence(input) : input;
      if (isOwn) yield named;
    }
  };
  const withOccurrence = (request: BatchInput & { readonly kind: "request" }): BatchInput => ({
    ...request,
    occurrence: names.name(preparer.prepare(request).request).occurrence,
  });
  for await (const group of groups) yield filter(group);
}
