import { once } from "node:events";
import { type MockServerOptions, type MockStats, startMockServer } from "../../mock/mock.ts";
import { formatAmount } from "../../text/format-numbers.ts";

/**
 * `llmbatch mock`: serves the mock until SIGINT or SIGTERM, then prints one line of statistics.
 *
 * @param options Times in milliseconds.
 * @throws ConfigurationError if an option's value or the port cannot be used. Not thrown once it listens.
 */
export async function runMockCommand(options: MockServerOptions): Promise<void> {
  const server = await startMockServer(options);
  const stopped = nextStopSignal();
  process.stderr.write(`llmbatch mock listening on ${server.url} (${describeOptions(options)}); Ctrl-C stops it\n`);
  process.stderr.write(`Try: echo '"Say hello"' | llmbatch run --base-url ${server.url} --model mock-chat\n`);
  await stopped;
  await server.close();
  process.stderr.write(`${summarise(server.stats())}\n`);
}

function describeOptions(options: MockServerOptions): string {
  const { rules = "openai", requestsPerMinute, tokensPerMinute, inputTokensPerMinute, outputTokensPerMinute } = options;
  const { maxInFlight, outage, failRate = 0 } = options;
  const limits: string[] = [];
  if (requestsPerMinute !== undefined) limits.push(`${requestsPerMinute} requests/min`);
  if (tokensPerMinute !== undefined) limits.push(`${tokensPerMinute} tokens/min`);
  if (inputTokensPerMinute !== undefined) limits.push(`${inputTokensPerMinute} input tokens/min`);
  if (outputTokensPerMinute !== undefined) limits.push(`${outputTokensPerMinute} output tokens/min`);
  if (maxInFlight !== undefined) limits.push(`${maxInFlight} at once`);
  if (limits.length === 0) limits.push("no limits");
  if (rules !== "openai") limits.push(`by the rules of "${rules}"`);
  if (outage !== undefined) limits.push(`an outage at ${outage.fromMs} ms for ${outage.forMs} ms`);
  if (failRate > 0) limits.push(`${Number((failRate * 100).toFixed(2))} % fail on purpose`);
  return limits.join(", ");
}

async function nextStopSignal(): Promise<void> {
  const over = new AbortController();
  await Promise.race([once(process, "SIGINT", over), once(process, "SIGTERM", over)]);
  over.abort(); // the other one's listener goes, too
}

function summarise(stats: MockStats): string {
  const parts = [`${stats.answered} answered (${stats.duplicates} asked before, ${stats.totalTokens} tokens)`];
  if (stats.refused > 0) parts.push(`${stats.refused} throttled by rate limits`);
  if (stats.overloaded > 0) parts.push(`${stats.overloaded} rejected as overload`);
  if (stats.failedOnPurpose > 0) parts.push(`${stats.failedOnPurpose} failed on purpose`);
  if (stats.clientErrors > 0) parts.push(`${stats.clientErrors} mistaken`);
  if (stats.abandoned > 0) parts.push(`${stats.abandoned} abandoned by the client`);
  return `llmbatch mock stopped: ${formatAmount(stats.requestsTotal, "request")}, ${parts.join(", ")}`;
}
