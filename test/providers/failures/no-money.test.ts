import { describe, expect, it } from "vitest";
import { serve } from "../../support/closing.ts";
import { openaiChat } from "../../../src/providers/protocols/openai-chat.ts";
import { responseOf } from "../../contracts/protocol.ts";
import { questions, Workplace } from "../../e2e/cli.ts";

type Row = readonly [who: string, status: number, body: unknown];

const anthropic = (message: string, type = "invalid_request_error"): unknown => ({ type: "error", error: { type, message } });
const credit = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.";
const usageLimits = "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.";
const suspended =
  "Account acme is suspended, possibly due to reaching the monthly spending limit or failure to pay past invoices.";
const xaiCredits =
  "Your team 16f2151a-40f4 has either used all available credits or reached its monthly spending limit. To continue, purchase more.";
const xaiExhausted = "Some resource has been exhausted";
const prepaid = "Your prepayment credits are depleted. Please go to AI Studio to manage your project and billing.";
const budget = "Budget has been exceeded! Current cost: 10.51, Max budget: 10.0";

const noMoney: readonly Row[] = [
  ["Anthropic: credit", 400, anthropic(credit)],
  ["Anthropic: usage limits", 400, anthropic(usageLimits)],
  ["Anthropic: those of a workspace", 400, anthropic(usageLimits.replace("API", "workspace API"))],
  ["Fireworks", 412, { error: { message: suspended, code: "PRECONDITION_FAILED", type: "error" } }],
  ["DashScope", 400, { error: { message: "Access denied, …", type: "Arrearage", code: "Arrearage" } }],
  ["DashScope, its own form", 400, { code: "Arrearage", message: "Access denied, …", request_id: "1" }],
  ["LiteLLM", 400, { error: { message: budget, type: "budget_exceeded", code: "400" } }],
  ["LiteLLM, newer", 429, { error: { message: budget, type: "budget_exceeded", code: "429" } }],
  ["LiteLLM, older", 400, { error: { message: budget, type: "auth_error", param: null, code: 400 } }],
  ["xAI", 429, { code: xaiExhausted, error: xaiCredits }],
  ["xAI, as a 403", 403, { code: "The caller does not have permission to execute the specified operation", error: xaiCredits }],
  ["Moonshot", 429, { error: { message: "Your account is suspended …", type: "exceeded_current_quota_error" } }],
  ["OpenRouter, by the day", 429, { error: { code: 429, metadata: { limit_source: "openrouter_free_tier_daily" } } }],
  ["OpenRouter, in words", 429, { error: { code: 429, message: "Rate limit exceeded: free-models-per-day. Add 10 credits" } }],
  [
    "OpenRouter behind a gateway",
    429,
    { error: { type: "rate_limit_error", code: "429", message: "Rate limit exceeded: free-models-per-day-high-balance." } },
  ],
  ["Gemini, paid in advance", 429, { error: { code: 429, status: "RESOURCE_EXHAUSTED", message: prepaid } }],
  ["a gateway's limit for one user", 429, { error: { code: "SPEND_LIMIT_EXCEEDED", message: "limit reached" } }],
  ["one-api", 403, { error: { message: "user quota is not enough", type: "one_api_error", code: "insufficient_user_quota" } }],
  ["Zhipu", 429, { error: { code: "1113", message: "您的账户已欠费，请充值后重试。" } }],
  ["Volcengine", 403, { error: { code: "AccountOverdueError", message: "overdue balance", type: "Forbidden" } }],
  ["SiliconFlow", 403, { code: 30001, message: "Sorry, your account balance is insufficient", data: null }],
  ["a gateway that counts money itself", 403, { code: "INSUFFICIENT_BALANCE", message: "Insufficient account balance" }],
];

/** The same words where they are not the service's own: a prompt that was sent back, or another status or type. */
const otherwise: readonly Row[] = [
  ["a prompt in a 400", 400, anthropic(`messages.0: cannot read "${credit}"`)],
  ["a prompt in a 400 of a message alone", 400, { error: { message: suspended } }],
  ["a prompt as the message of another type", 400, anthropic(credit, "not_found_error")],
  ["a prompt in a 412", 412, { error: { message: `If-Match: ${suspended}` } }],
  ["a prompt in a 403", 403, { error: { message: xaiCredits, code: "forbidden" } }],
  [
    "a limit by the minute at xAI",
    429,
    { code: xaiExhausted, error: "Too many requests for team 1. Your team's rate limit is 5." },
  ],
  ["a limit by the minute at OpenRouter", 429, { error: { message: "Rate limit exceeded: free-models-per-min." } }],
  ["a prompt in a 429", 429, { error: { message: `rejected: ${xaiCredits}`, code: "rate_limit_exceeded" } }],
];

describe("no money left was taken for one bad request, or for a limit that passes", () => {
  it.each(noMoney)("%s (%i)", (_who, status, body) => {
    expect(openaiChat.readFailure(responseOf(status, body))).toMatchObject({ kind: "insufficient_quota", retryable: false });
  });

  it.each(otherwise)("but not %s (%i)", (_who, status, body) => {
    expect(openaiChat.readFailure(responseOf(status, body))?.kind).not.toBe("insufficient_quota");
  });

  it("so that a run without money sent its whole file", async () => {
    const user = new Workplace();
    user.write("in.jsonl", questions(60));
    const server = await serve(() => ({ status: 400, body: anthropic(credit) }));
    const { code, stderr } = await user.runHere([
      "run",
      "in.jsonl",
      "-o",
      "out.jsonl",
      "--base-url",
      `${server.url}/v1`,
      "-c",
      "4",
    ]);
    expect(code, stderr).toBe(3);
    expect(stderr).toContain("credit balance is too low");
    expect(server.ledger.length).toBeLessThan(20);
  });
});
