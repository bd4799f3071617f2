import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { isFullSize } from "./figures.ts";
import { RealClients } from "./real-clients.ts";

/** Packages of others that have a lock file of their own. */
export interface ClientSet {
  readonly name: string;
  readonly folder: string;
  /** The Node that runs them. */
  readonly program: string;
  /** Programs of `samples/clients/` that they run. */
  readonly samples: readonly string[];
}

const folder = join(import.meta.dirname, "..", "clients");

/** Packages that want Node 22, programs, and two Nodes to run them. */
export const newerFolder: string = join(folder, "newer");

const sets: readonly ClientSet[] = [
  {
    name: "those for Node 20",
    folder,
    program: process.execPath,
    samples: ["langchain.js", "llamaindex.js", "ai-sdk.js", "openai.js", "anthropic.js"],
  },
  ...["22", "24"].map((node) => ({
    name: `newer ones, in Node ${node}`,
    folder: newerFolder,
    program: newerNode(node),
    samples: ["ai-sdk.js", "openai.js"],
  })),
];

export function newerNode(version: string): string {
  return join(newerFolder, "node_modules", `node-${version}-linux-x64`, "bin", "node");
}

/** Runs checks with each set of clients that can be had here. @param checks Where tests are made; the clients answer within them. */
export function describeClients(checks: (clients: RealClients, set: ClientSet) => void): void {
  for (const set of sets) {
    const missing = whyMissing(set.folder);
    const skipped = missing === undefined ? "" : ` (skipped: ${missing})`;
    describe.skipIf(missing !== undefined)(`clients of others: ${set.name}${skipped}`, () => {
      const clients = new RealClients(set);
      beforeAll(() => clients.start(), 120_000); // all packages together take 4 s to load, and beside much else a minute
      afterAll(() => clients.stop());
      checks(clients, set);
    });
  }
}

/** Installs them where they are to be used. @returns why they are not there, if they are not. */
export function whyMissing(packages: string): string | undefined {
  if (!isFullSize) return "they are many packages, and have no small version";
  if (existsSync(join(packages, "node_modules", ".package-lock.json"))) return undefined;
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status, stderr, error } = spawnSync("npm", args, { cwd: packages, encoding: "utf8" });
  return status === 0 ? undefined : `npm ci in ${packages}: ${error?.message ?? stderr.trim().split("\n")[0]}`;
}
