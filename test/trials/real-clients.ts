import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { deferred } from "../support/deferred.ts";
import type { ClientSet } from "./client-sets.ts";

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
  readonly #set: ClientSet;
  readonly #waiting = new Map<number, (outcome: Outcome) => void>();
  #child: ChildProcess | undefined;
  #calls: ReadonlyMap<string, readonly string[]> = new Map();
  #node = "";
  #asked = 0;

  constructor(set: ClientSet) {
    this.#set = set;
  }

  async start(): Promise<void> {
    const { folder, program } = this.#set;
    const child = fork(join(folder, "driver.js"), { execPath: program, stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#child = child;
    const [said] = await once(child, "message");
    const { ready, node } = Object(said);
    this.#calls = new Map(Object.entries(ready));
    this.#node = node;
    child.on("message", (message) => {
      const { id, ...outcome } = Object(message);
      this.#waiting.get(id)?.(outcome);
    });
  }

  /** The version that they run in. */
  get node(): string {
    return this.#node;
  }

  get names(): string[] {
    return [...this.#calls.keys()];
  }

  /** The calls of a client, those wanted. */
  calls(client: string, isWanted: (call: string) => boolean): string[] {
    return (this.#calls.get(client) ?? []).filter((call) => isWanted(call));
  }

  has(client: string, call: string): boolean {
    return this.#calls.get(client)?.includes(call) === true;
  }

  /** @param times How often at once; the value is a list then. */
  async call(client: string, call: string, { token = "any", model = "test-model", ...to }: Address, times = 1): Promise<Outcome> {
    const id = this.#asked++;
    const outcome = deferred<Outcome>();
    this.#waiting.set(id, outcome.resolve);
    this.#child?.send({ id, client, call, to: { token, model, ...to }, times });
    return outcome.promise;
  }

  stop(): void {
    this.#child?.kill("SIGKILL");
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
