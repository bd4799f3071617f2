import { errorReply, type Reply } from "../reply.ts";
import type { OutagePlan } from "../settings.ts";

/** A listener that stops accepting connections and starts again. */
interface Connectable {
  close(): Promise<void>;
  open(): Promise<void>;
}

/** A while in which the server is down, counted from the first request on. */
export class Outage {
  readonly #plan: OutagePlan | undefined;
  readonly #server: Connectable;
  readonly #timers: NodeJS.Timeout[] = [];
  #hasBegun = false;
  #failure: Reply | undefined;

  constructor(plan: OutagePlan | undefined, server: Connectable) {
    this.#plan = plan;
    this.#server = server;
  }

  /** Tells of each request; the first sets the clock going. @returns how it has to fail, while it has to. */
  onRequest(): Reply | undefined {
    if (this.#plan !== undefined && !this.#hasBegun) this.#schedule(this.#plan);
    return this.#failure;
  }

  cancel(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #schedule({ fromMs, forMs, kind }: OutagePlan): void {
    this.#hasBegun = true;
    const refuses = kind === "refuse-connections";
    const begin = (): void => (refuses ? void this.#server.close() : this.#fail(outageReply(kind)));
    const end = (): void => (refuses ? void this.#server.open() : this.#fail(undefined));
    this.#timers.push(setTimeout(begin, fromMs), setTimeout(end, fromMs + forMs));
  }

  #fail(failure: Reply | undefined): void {
    this.#failure = failure;
  }
}

function outageReply(kind: "500" | "503"): Reply {
  const text = kind === "500" ? "The server had an error" : "The service is unavailable";
  return errorReply(Number(kind), `${text}, on purpose (outage).`, { type: "server_error" });
}
