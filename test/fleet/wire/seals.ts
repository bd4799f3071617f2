import { createSeal, noSeal, type Seal } from "../../../src/fleet/wire/seal.ts";

/** What both sides may have agreed on. */
export const seals: [name: string, seal: Seal][] = [
  ["in clear", noSeal],
  ["with a secret", createSeal("the fleet's secret", "llmbatch")],
];

export const sealed: Seal = createSeal("the fleet's secret", "llmbatch");
/** The same text, but of a fleet with another prefix, or another text. */
export const others: Seal[] = [createSeal("the fleet's secret", "other"), createSeal("another secret", "llmbatch")];
