import {
  type BatchResult,
  createProvider,
  createRoutedProvider,
  DiskCache,
  isLlmbatchError,
  type Provider,
  RequestBatch,
  RequestManager,
  type RequestManagerOptions,
  TokenStats,
} from "llmbatch";

/** A program that uses the package's types as its users do; it is compiled, and not run. */
export async function consume(provider: Provider): Promise<string> {
  const options: RequestManagerOptions = { provider, model: "m", cache: new DiskCache("answers", { ttl: 60 }) };
  await using manager = new RequestManager(options);
  const batch = new RequestBatch();
  const id: string = batch.chat.completions.create({ messages: [{ role: "user", content: "Hello" }] });
  const results = await manager.processBatch(batch, { timeoutMs: 1_000 });
  for (const result of results) if (result.id === id) console.log(textOf(result), result.costUsd);
  for await (const { text } of manager.stream("Hello", { temperature: 0 }, { signal: AbortSignal.timeout(1_000) }))
    console.log(text);
  const taken: TokenStats = manager.stats.diff(new TokenStats());
  return `${taken} ${results.stopped?.reason ?? "whole"}`;
}

function textOf(result: BatchResult): string {
  if (result.error !== null) return `${result.error.code} ${result.error.providersTried.length}`;
  return `${result.text ?? ""} ${result.usage.completionTokens}`;
}

export function route(): Provider {
  const cloud = createProvider("openai", { apiKeys: ["$KEY_1"], limits: ["requests=10/1s"] });
  return createRoutedProvider({ cloud }, { routes: { fast: { to: [{ provider: "cloud", model: "m" }] } } });
}

export function explain(error: unknown): string {
  return isLlmbatchError(error) ? error.code : "";
}

// @ts-expect-error: an option that does not exist
createProvider("openai", { apiKye: "x" });
