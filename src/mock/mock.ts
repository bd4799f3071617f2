export type { MockServerOptions, OutagePlan } from "./settings.ts";
export type { MockStats } from "./server/ledger.ts";
export { type MockServer, startMockServer } from "./server/start-mock-server.ts";
