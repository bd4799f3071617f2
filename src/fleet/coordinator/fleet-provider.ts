import type { Attempt } from "../../model/attempt.ts";
import type { Cost } from "../../model/cost.ts";
import type { Failure } from "../../model/failure.ts";
import type { BatchRequest } from "../../model/request.ts";
import type { Provider, SendOptions } from "../../providers/providers.ts";
import type { ChunkWindow } from "./chunk-window.ts";

/** Asks the fleet. What a request is called, and which can be asked, is known without keys. */
export class FleetProvider implements Provider {
  readonly name: string;
  readonly baseUrl: string | undefined;
  readonly #described: Provider;
  readonly #window: ChunkWindow;

  /** @param described The providers of the run, which are not asked themselves. */
  constructor(described: Provider, window: ChunkWindow) {
    this.name = described.name;
    this.baseUrl = described.baseUrl;
    this.#described = described;
    this.#window = window;
  }

  endpoint(request: BatchRequest): string | undefined {
    return this.#described.endpoint(request);
  }

  refusal(request: BatchRequest): Failure | undefined {
    return this.#described.refusal?.(request);
  }

  promptPath(asked: Pick<BatchRequest, "model" | "provider">): string | undefined {
    return this.#described.promptPath?.(asked);
  }

  /** No tokens are counted: here nothing is held against a limit, and only the model's name is asked for. */
  estimate(request: BatchRequest): Cost {
    return this.#described.estimate({ ...request, body: "{}" });
  }

  send(request: BatchRequest, { signal, requestId = "" }: SendOptions): Promise<Attempt> {
    return this.#window.ask(request, requestId, signal);
  }

  close(): Promise<void> {
    return this.#described.close();
  }
}
