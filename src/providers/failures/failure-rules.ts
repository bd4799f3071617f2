import type { FailureKind } from "../../model/failure.ts";

/** What a rule looks at. */
interface FailureSigns {
  /** The status that the body names, else that of HTTP; a 200 with an error inside is a 200 if the body names none. */
  readonly statusCode: number;
  readonly codes: readonly string[];
  /** Its first 2,000 characters: a search of megabytes would stop the event loop. */
  readonly message: string;
  readonly hasRetryAfter: boolean;
}

/** Holds if every condition given holds. `code` and `type` each have to match one of the body's codes. */
interface FailureRule {
  readonly status?: number | readonly [from: number, to: number];
  readonly code?: RegExp;
  readonly type?: RegExp;
  /** Only where the API documents no code for it, and never alone: a message may repeat the user's prompt. */
  readonly message?: { test(message: string): boolean };
  readonly hasRetryAfter?: boolean;
  readonly kind: FailureKind;
  readonly retryable: boolean;
}

/** The first rule that holds decides; the last one always does. */
export function findFailureRule(signs: FailureSigns): FailureRule {
  return failureRules.find((rule) => holds(rule, signs)) ?? unknownError;
}

function holds(rule: FailureRule, signs: FailureSigns): boolean {
  const { status, code, type, message, hasRetryAfter } = rule;
  const [from, to] = typeof status === "object" ? status : [status ?? 0, status ?? Infinity];
  return (
    from <= signs.statusCode &&
    signs.statusCode <= to &&
    (code === undefined || signs.codes.some((text) => code.test(text))) &&
    (type === undefined || signs.codes.some((text) => type.test(text))) &&
    (message === undefined || message.test(signs.message)) &&
    (hasRetryAfter === undefined || hasRetryAfter === signs.hasRetryAfter)
  );
}

/** "Request too large for MODEL …: Limit 10000, Requested 12000": no wait will make it fit. */
const asksMoreThanLimit: FailureRule["message"] = {
  test(message) {
    const limit = /\blimit (\d+),/i.exec(message)?.[1];
    const requested = /\brequested (\d+)/i.exec(message)?.[1];
    return /request too large/i.test(message) && Number(requested) > Number(limit);
  },
};

/** vLLM, Anthropic, llama.cpp and Gemini say it with `invalid_request_error`, or no code at all. */
const promptTooLong =
  /maximum context length|prompt is too long|exceed(?:s|ed|ing)? the (?:available )?context size|exceeds the maximum number of tokens/i;
/** Anthropic ("model: x"), Ollama, vLLM, llama.cpp, Gemini, and OpenRouter, which calls what serves a model its endpoints. */
const modelIsMissing = /^model: \S|\bmodels?\b.{0,200}(not found|not exist|n't exist)|^no endpoints found\b/is;
const anthropicHasNoMoney = /^(Your credit balance is too low|You have reached your specified (\w+ )?API usage limits)/;
const xaiHasNoMoney = /^Your (newly created )?teams? .*(credits|spending limit)/;
/** OpenRouter behind a gateway, and Gemini. */
const freeOrPrepaidUsedUp = /^(Rate limit exceeded: free-models-per-day|Your prepayment credits are depleted)/;
const serverBusy = /overloaded|server busy|slow down|at capacity|\bloading\b|warming up/i;
const wrongParameter =
  /^(unsupported|unknown|unrecognized|invalid|missing_required)_?(parameter|argument|value|type)s?(_error)?$/i;
const requestedAsMuch = /^(rate_limit_exceeded|rate_limit_error)$/i;

const noMoney = { kind: "insufficient_quota", retryable: false } as const;
const unknownError: FailureRule = { kind: "server_error", retryable: true };

/** Named after their sources: the providers' error references. Codes come first, then statuses. */
const failureRules: readonly FailureRule[] = [
  // Money, before rate limits: both come as 429. Without a code of its own, the message tells: by its beginning, which no prompt makes.
  { status: 402, code: /^openrouter_in_flight_budget$/, hasRetryAfter: true, kind: "rate_limit", retryable: true },
  { code: /^insufficient_(user_)?(quota|balance|credits|funds)(_error)?$/i, ...noMoney },
  { code: /^(billing_(hard_limit_reached|not_active|error)|payment_required)$/i, ...noMoney },
  { code: /^((enforced|contract)_spend_limit_reached|spend_limit_exceeded)$/i, ...noMoney },
  { code: /^linked_organization_(spend_limit_reached|billing_unavailable)$/i, ...noMoney },
  { code: /^(budget_exceeded|exceeded_current_quota_error)$/i, ...noMoney }, // LiteLLM, Moonshot
  { code: /^(Arrearage|AccountOverdueError)$/i, ...noMoney }, // DashScope, Volcengine
  { status: 429, code: /PerDay|^openrouter_free_tier_daily$|^1113$/, ...noMoney }, // Gemini: quotaId; OpenRouter; Zhipu
  { status: 403, code: /^30001$/, ...noMoney }, // SiliconFlow
  { status: 400, code: /^invalid_request_error$/, message: anthropicHasNoMoney, ...noMoney },
  { status: 400, code: /^auth_error$/, message: /^(Budget has been exceeded|ExceededBudget)/, ...noMoney }, // older LiteLLM
  { status: 412, message: /^Account \S+ is suspended\b/, ...noMoney }, // Fireworks
  { status: [403, 429], code: /^(some resource has been|the caller does not)/i, message: xaiHasNoMoney, ...noMoney },
  { status: 429, message: freeOrPrepaidUsedUp, ...noMoney },

  // The key, the account, the model.
  { code: /^(invalid_api_key|api_key_invalid)$/i, kind: "authentication", retryable: false },
  { code: /^(authentication_error|authentication|unauthenticated)$/i, kind: "authentication", retryable: false },
  { code: /^(content_policy_violation|content_filter|ResponsibleAIPolicyViolation)$/i, kind: "content_filter", retryable: false },
  { code: /^(flagged_input|bio_policy|refusal)$/i, kind: "content_filter", retryable: false }, // OpenRouter moderates with 403
  { code: /^(permission_error|permission_denied|organization_on_hold)$/i, kind: "permission", retryable: false },
  { status: 400, code: /^failed_precondition$/i, kind: "permission", retryable: false }, // Gemini: billing or country
  { code: /^(model_not_found|DeploymentNotFound)$/i, kind: "model_not_found", retryable: false },
  { status: 404, message: modelIsMissing, kind: "model_not_found", retryable: false },
  { code: /^(not_found_error|not_found)$/i, kind: "not_found", retryable: false },

  // Too long for the model, or for the account.
  { code: /^(context_length_exceeded|exceed_context_size_error)$/i, kind: "context_length_exceeded", retryable: false },
  { code: /^(request_too_large|payload_too_large)$/i, kind: "context_length_exceeded", retryable: false },
  { code: /^(token_limit_exceeded|string_too_long)$/i, kind: "context_length_exceeded", retryable: false },
  { status: 400, message: promptTooLong, kind: "context_length_exceeded", retryable: false },
  {
    status: 429,
    code: requestedAsMuch,
    type: /^tokens$/,
    message: asksMoreThanLimit,
    kind: "context_length_exceeded",
    retryable: false,
  },
  { status: 413, kind: "context_length_exceeded", retryable: false },

  // A parameter is as wrong the next time, whatever the status says.
  { code: wrongParameter, kind: "invalid_request", retryable: false },

  // Throttled: no work was done, and waiting helps.
  { code: /^(overloaded_error|overloaded|provider_overloaded|slow_down)$/i, kind: "overloaded", retryable: true },
  { code: /^(unavailable|unavailable_error)$/i, kind: "overloaded", retryable: true }, // Gemini, llama.cpp
  { status: 529, kind: "overloaded", retryable: true },
  { status: 503, hasRetryAfter: true, kind: "overloaded", retryable: true },
  { status: 503, message: serverBusy, kind: "overloaded", retryable: true }, // Ollama, OpenAI
  { code: /^(rate_limit_exceeded|rate_limit_error|resource_exhausted)$/i, kind: "rate_limit", retryable: true },
  { code: /^(too_many_requests|ramp_limit_exceeded)$/i, kind: "rate_limit", retryable: true },
  { code: /^(ThrottlingException|TooManyRequestsException)$/i, kind: "rate_limit", retryable: true }, // AWS, also with a 400
  { status: 429, kind: "rate_limit", retryable: true },

  // Something broke.
  { code: /^(timeout_error|timeout|deadline_exceeded)$/i, kind: "timeout", retryable: true },
  { status: 408, kind: "timeout", retryable: true },
  { status: 409, kind: "server_error", retryable: true },
  { status: 424, kind: "server_error", retryable: true }, // Bedrock, TGI: what stands behind the server failed
  { status: 425, kind: "server_error", retryable: true },
  { status: 498, kind: "server_error", retryable: true }, // Groq: flex tier at capacity
  { status: 499, kind: "server_error", retryable: true }, // cancelled on its way, by a gateway
  { status: [500, 599], kind: "server_error", retryable: true },

  // What the status alone says.
  { status: 401, kind: "authentication", retryable: false },
  { status: 402, kind: "insufficient_quota", retryable: false },
  { status: 403, kind: "permission", retryable: false },
  { status: 404, kind: "not_found", retryable: false },
  { status: [400, 499], kind: "invalid_request", retryable: false },

  // An error inside a 200.
  { code: /^(invalid_request_error|invalid_request|invalid_prompt|unprocessable)$/i, kind: "invalid_request", retryable: false },
  unknownError,
];
