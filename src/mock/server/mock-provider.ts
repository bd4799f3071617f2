import type { IncomingMessage, ServerResponse } from "node:http";
import { Admission } from "./admission.ts";
import { Call, type CallContext } from "./call.ts";
import { sendReply } from "./exchange.ts";
import { Ledger, type MockStats, statsOnTheWire } from "./ledger.ts";
import { PlannedFailures } from "../faults/planned-failures.ts";
import type { Outage } from "../faults/outage.ts";
import { createRateLimits } from "../limits/create-rate-limits.ts";
import { jsonReply } from "../reply.ts";
import { findRoute } from "./routes.ts";
import type { MockSettings } from "../settings.ts";

/** Any model name will do; these are for clients that look before they ask. */
const modelList = jsonReply({
  object: "list",
  data: ["mock-chat", "mock-embedding"].map((id) => ({ id, object: "model", created: 1_767_225_600, owned_by: "llmbatch" })),
});

/** Sends each request where its path says. */
export class MockProvider {
  readonly #context: CallContext;

  constructor(settings: MockSettings, outage: Outage) {
    this.#context = {
      settings,
      outage,
      admission: new Admission(settings, createRateLimits(settings, { now: monotonicMs, epochMs: Date.now })),
      failures: new PlannedFailures(settings.failRate),
      ledger: new Ledger(monotonicMs),
    };
  }

  stats(): MockStats {
    return this.#context.ledger.stats();
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const { ledger, admission } = this.#context;
    const route = findRoute(request.method ?? "", request.url ?? "");
    switch (route.kind) {
      case "ask":
        return new Call(this.#context, route.path, request, response).start();
      case "models":
        return sendReply(response, modelList, admission.headers());
      case "stats":
        return sendReply(response, jsonReply(statsOnTheWire(this.stats())), admission.headers());
      case "nowhere":
        ledger.begin();
        ledger.endWithout("clientErrors");
        return sendReply(response, route.reply, admission.headers());
    }
  }
}

function monotonicMs(): number {
  return performance.now();
}
