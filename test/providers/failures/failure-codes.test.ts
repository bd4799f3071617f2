import { describe, expect, it } from "vitest";
import type { FailureKind } from "../../../src/model/failure.ts";
import { openaiChat } from "../../../src/providers/protocols/openai-chat.ts";
import { responseOf } from "../../contracts/protocol.ts";

/** Codes that decide alone: here they come in a 200, whose status says nothing. */
const codes: readonly (readonly [kind: FailureKind, retryable: boolean, ...codes: readonly string[]])[] = [
  ["insufficient_quota", false, "insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "payment_required"],
  ["insufficient_quota", false, "enforced_spend_limit_reached", "contract_spend_limit_reached", "billing_error"],
  ["insufficient_quota", false, "linked_organization_spend_limit_reached", "linked_organization_billing_unavailable"],
  ["authentication", false, "invalid_api_key", "authentication_error", "authentication", "UNAUTHENTICATED"],
  ["permission", false, "permission_error", "permission_denied", "PERMISSION_DENIED", "organization_on_hold"],
  ["model_not_found", false, "model_not_found", "DeploymentNotFound"],
  ["not_found", false, "not_found_error", "NOT_FOUND"],
  ["content_filter", false, "content_filter", "content_policy_violation", "bio_policy", "refusal"],
  ["context_length_exceeded", false, "context_length_exceeded", "exceed_context_size_error", "request_too_large"],
  ["context_length_exceeded", false, "payload_too_large", "token_limit_exceeded", "string_too_long"],
  ["overloaded", true, "overloaded_error", "overloaded", "provider_overloaded", "slow_down", "UNAVAILABLE", "unavailable_error"],
  [
    "rate_limit",
    true,
    "rate_limit_exceeded",
    "rate_limit_error",
    "RESOURCE_EXHAUSTED",
    "too_many_requests",
    "ramp_limit_exceeded",
  ],
  ["timeout", true, "timeout_error", "timeout", "DEADLINE_EXCEEDED"],
  ["invalid_request", false, "invalid_request_error", "invalid_request", "invalid_prompt", "unprocessable"],
  ["server_error", true, "server_error", "api_error", "provider_unavailable", "never heard of"],
];

describe("what a code means without a status", () => {
  it.each(codes.flatMap(([kind, retryable, ...names]) => names.map((code) => ({ code, kind, retryable }))))(
    "$code is $kind",
    ({ code, kind, retryable }) => {
      expect(openaiChat.readFailure(responseOf(200, { error: { type: code } }))).toMatchObject({ kind, retryable });
      expect(openaiChat.readFailure(responseOf(200, { error: { code } }))).toMatchObject({ kind, retryable });
    },
  );
});
