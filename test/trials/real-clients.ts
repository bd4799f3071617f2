import { type ChildProcess, fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { deferred } from "../support/deferred.ts";

const folder = join(import.meta.dirname, "..", "clients");

/** Where a client is to ask, and what else it is given. */
export interface Address {
  readonly url: string;
  readonly token?: string;
  readonly model?: string;
  readonly [option: string]: unknown;
}

/** The error that a call ended with. */
export interface ClientError {
  /** Of its class. */
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
  readonly code: string | undefined;
}

export type Outcome = { readonly tookMs: number } & (
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: ClientError }
);

/** The packages of others, in a process of their own. */
export class RealClients {
  /** The calls of each client. */
  readonly calls: ReadonlyMap<string, readonly string[]>;
  readonly #child: ChildProcess;
  readonly #waiting: Map<number, (outcome: Outcome) => void>;
  #asked = 0;

  private constructor(
    child: ChildProcess,
    calls: ReadonlyMap<string, readonly string[]>,
    waiting: Map<number, (outcome: Outcome) => void>,
  ) {
    this.#child = child;
    this.calls = calls;
    this.#waiting = waiting;
  }

  static async start(): Promise<RealClients> {
    const child = fork(join(folder, "driver.js"), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const waiting = new Map<number, (outcome: Outcome) => void>();
    const [said] = await once(child, "message");
    child.on("message", (message) => {
      const { id, ...outcome } = Object(message);
      waiting.get(id)?.(outcome);
    });
    return new RealClients(child, new Map(Object.entries(Object(said).ready)), waiting);
  }

  get names(): string[] {
    return [...this.calls.keys()];
  }

  has(client: string, call: string): boolean {
    return this.calls.get(client)?.includes(call) === true;
  }

  /** @param times How often at once; the value is a list then. */
  async call(client: string, call: string, { token = "any", model = "test-model", ...to }: Address, times = 1): Promise<Outcome> {
    const id = this.#asked++;
    const outcome = deferred<Outcome>();
    this.#waiting.set(id, outcome.resolve);
    this.#child.send({ id, client, call, to: { token, model, ...to }, times });
    return outcome.promise;
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }
}

/** @returns why they cannot be installed, if they cannot. */
export function installClients(): string | undefined {
  if (existsSync(join(folder, "node_modules", "openai-5"))) return undefined;
  const { status, stderr, error } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder, encoding: "utf8" });
  return status === 0 ? undefined : `npm ci in test/clients: ${error?.message ?? stderr.trim().split("\n")[0]}`;
}

/** Which client did what, one row each. */
export class CheckTable {
  readonly #rows = new Map<string, Map<string, string>>();
  readonly #problems: string[] = [];

  /** @param cell What to show. @param problem What is wrong, if something is. */
  add(client: string, check: string, cell: string, problem?: string): void {
    const row = this.#rows.get(client) ?? new Map<string, string>();
    this.#rows.set(client, row.set(check, problem === undefined ? cell : `✗ ${cell}`));
    if (problem !== undefined) this.#problems.push(`${client}, ${check}: ${problem}`);
  }

  /** Prints it. @returns what is wrong. */
  print(title: string): string[] {
    const checks = new Set<string>();
    for (const row of this.#rows.values()) for (const check of row.keys()) checks.add(check);
    const table = [["", ...checks]];
    for (const [client, row] of this.#rows) table.push([client, ...Array.from(checks, (check) => row.get(check) ?? "–")]);
    const widths = table[0]?.map((_, at) => Math.max(...table.map((line) => line[at]?.length ?? 0))) ?? [];
    const texts = table.map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    );
    console.log(`\n${title} (node ${process.versions.node})\n${texts.join("\n")}\n`);
    return this.#problems;
  }
}

/** The value or the error. */
export function comparable(outcome: Outcome): string {
  return text(outcome.ok ? outcome.value : outcome.error);
}

/** As text, without what is new in each answer. */
export function text(value: unknown): string {
  return (JSON.stringify(value) ?? "")
    .replaceAll(/\b(chatcmpl|resp|msg|fc|rs|run|call)[-_][\w-]{6,}/g, "$1-id")
    .replaceAll(/((?:created|completed)(?:_at)?\\*":)\d+/g, "$10");
}
