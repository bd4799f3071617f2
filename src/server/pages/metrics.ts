type Labels = Readonly<Record<string, string>>;

/** Powers of 4 from 1 ms to 262 s. */
const bounds = Array.from({ length: 10 }, (_, power) => 0.001 * 4 ** power);

/** Names a sample: `{endpoint="/v1/models",status="200"}`. */
function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replaceAll(/[\\"\n]/g, "\\$&").replaceAll("\n", "n")}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** Grows. */
export class Counter {
  readonly #counts = new Map<string, number>();

  /** @param labels Values of few and known kinds only. */
  add(labels: Labels, amount = 1): void {
    const key = labelText(labels);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + amount);
  }

  lines(name: string): string[] {
    return [...this.#counts].map(([labels, count]) => `${name}${labels} ${count}`);
  }
}

/** Counts times in seconds. */
export class Histogram {
  readonly #counts = bounds.map(() => 0);
  #sum = 0;
  #count = 0;

  add(ms: number): void {
    const seconds = ms / 1000;
    this.#sum += seconds;
    this.#count += 1;
    for (const [at, bound] of bounds.entries()) if (seconds <= bound) this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  lines(name: string): string[] {
    return [
      ...bounds.map((bound, at) => `${name}_bucket{le="${Number(bound.toPrecision(6))}"} ${this.#counts[at]}`),
      `${name}_bucket{le="+Inf"} ${this.#count}`,
      `${name}_sum ${this.#sum}`,
      `${name}_count ${this.#count}`,
    ];
  }
}

/** In which phase a client left. */
export type Phase = "queued" | "asked" | "streaming";

/** What a server counts beside the statistics of its manager. */
export class ServerMetrics {
  readonly requests: Counter = new Counter();
  readonly refused: Counter = new Counter();
  readonly clientsGone: Counter = new Counter();
  readonly streamsCut: Counter = new Counter();
  readonly attempts: Counter = new Counter();
  readonly queued: Histogram = new Histogram();
  readonly upstream: Histogram = new Histogram();
  readonly firstToken: Histogram = new Histogram();

  constructor() {
    this.streamsCut.add({}, 0);
    for (const phase of ["queued", "asked", "streaming"] satisfies Phase[]) this.clientsGone.add({ phase }, 0);
  }

  /** Prometheus' text format, version 0.0.4. */
  render(now: {
    readonly inFlight: number;
    readonly waiting: number;
    readonly promptTokens: number;
    readonly completionTokens: number;
  }): string {
    const tokens = [
      `llmbatch_tokens_total{direction="input"} ${now.promptTokens}`,
      `llmbatch_tokens_total{direction="output"} ${now.completionTokens}`,
    ];
    const families: readonly (readonly [name: string, type: string, help: string, lines: readonly string[]])[] = [
      [
        "llmbatch_requests_total",
        "counter",
        "Requests of clients that have ended, by endpoint and status.",
        this.requests.lines("llmbatch_requests_total"),
      ],
      ["llmbatch_tokens_total", "counter", "Tokens that providers counted.", tokens],
      [
        "llmbatch_refused_total",
        "counter",
        "Requests that were refused, by reason.",
        this.refused.lines("llmbatch_refused_total"),
      ],
      [
        "llmbatch_client_gone_total",
        "counter",
        "Clients that left before their answer was whole, by phase.",
        this.clientsGone.lines("llmbatch_client_gone_total"),
      ],
      [
        "llmbatch_streams_cut_total",
        "counter",
        "Streams that ended before they were whole.",
        this.streamsCut.lines("llmbatch_streams_cut_total"),
      ],
      [
        "llmbatch_attempts_total",
        "counter",
        "HTTP calls to providers, by outcome.",
        this.attempts.lines("llmbatch_attempts_total"),
      ],
      [
        "llmbatch_queue_seconds",
        "histogram",
        "How long requests waited to be sent.",
        this.queued.lines("llmbatch_queue_seconds"),
      ],
      ["llmbatch_upstream_seconds", "histogram", "How long attempts took.", this.upstream.lines("llmbatch_upstream_seconds")],
      [
        "llmbatch_first_token_seconds",
        "histogram",
        "From a request to the first event of its answer.",
        this.firstToken.lines("llmbatch_first_token_seconds"),
      ],
      ["llmbatch_in_flight", "gauge", "Attempts in flight.", [`llmbatch_in_flight ${now.inFlight}`]],
      ["llmbatch_waiting", "gauge", "Requests that wait to be sent.", [`llmbatch_waiting ${now.waiting}`]],
    ];
    return families
      .map(
        ([name, type, help, lines]) =>
          `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.map((line) => `${line}\n`).join("")}`,
      )
      .join("");
  }
}
