/** The door of this room: one file shared by many machines. */
export { Coordinator, type CoordinatorOptions } from "./coordinator/coordinator.ts";
export { runIdOf } from "./coordinator/run-id.ts";
export { type FleetAddress, parseAddress } from "./redis/address.ts";
export { type FleetPackages, loadPackages } from "./redis/packages.ts";
export { type FleetLimits, FleetWorker, type FleetWorkerOptions } from "./worker/fleet-worker.ts";
export type { RunSettings } from "./wire/protocol.ts";
export { createSeal, noSeal, type Seal } from "./wire/seal.ts";
