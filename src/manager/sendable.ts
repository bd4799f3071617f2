import { type Failure, unservedModel } from "../model/failure.ts";
import type { BatchRequest } from "../model/request.ts";
import type { Provider } from "../providers/providers.ts";

/** Why a request cannot be sent at all; undefined where it can. */
export function reasonNotToSend(request: BatchRequest, provider: Provider): Failure | undefined {
  if (provider.endpoint(request) !== undefined) return undefined;
  const why = provider.refusal?.(request);
  if (why !== undefined) return unservedModel(request, why);
  return { kind: "invalid_request", message: `${provider.name} cannot be asked at ${request.path}`, retryable: false };
}
