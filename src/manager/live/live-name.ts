import { removeMembers } from "../../json/json-removals.ts";
import { fingerprint, fingerprintWith } from "../../model/fingerprint.ts";
import type { BatchRequest } from "../../model/request.ts";
import { defaultHeadersOf, type Provider } from "../../providers/providers.ts";

/** How an answer comes, not what it says. */
const ofTransfer: ReadonlySet<string> = new Set(["stream", "stream_options"]);
const mayTellTransfer = /"stream(?:_options)?"|\\u/;

/**
 * Names the answer of a live request: that of the first such line of a batch, whether it is streamed or not. Its own headers change what is
 * answered, so those that are not their API's defaults are part of the name.
 *
 * @param namespace Answers of one are not found by another. Undefined for that of batches.
 * @returns undefined where the provider does not serve it.
 */
export function nameOfLive(
  request: BatchRequest,
  provider: Pick<Provider, "endpoint">,
  namespace: string | undefined,
): string | undefined {
  const { path, headers } = request;
  const asked = mayTellTransfer.test(request.body) ? { ...request, body: removeMembers(request.body, ofTransfer) } : request;
  const endpoint = provider.endpoint(asked);
  if (endpoint === undefined) return undefined;
  const details = headers === undefined ? [] : ownHeaders(headers, defaultHeadersOf(path));
  if (namespace !== undefined) details.push(`namespace: ${namespace}`);
  return fingerprintWith(fingerprint(endpoint, asked.body), details);
}

function ownHeaders(headers: Readonly<Record<string, string>>, defaults: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers)
    .filter(([name, value]) => defaults[name] !== value)
    .map(([name, value]) => `${name}: ${value}`)
    .toSorted();
}
