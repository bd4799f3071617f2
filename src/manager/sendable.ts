import type { Failure } from "../model/failure.ts";
import type { BatchRequest } from "../model/request.ts";
import type { Provider } from "../providers/providers.ts";

/** Why a request cannot be sent at all; undefined where it can. */
export function reasonNotToSend(request: BatchRequest, provider: Provider): Failure | undefined {
  if (provider.endpoint(request) !== undefined) return undefined;
  const refusal = provider.refusal?.(request);
  const message = `${provider.name} cannot be asked at ${request.path}`;
  return refusal ?? { kind: "invalid_request", message, retryable: false };
}
