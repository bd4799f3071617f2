type Labels = Readonly<Record<string, string>>;

/** Powers of 4 from 1 ms to 262 s. */
const bounds = Array.from({ length: 10 }, (_, power) => 0.001 * 4 ** power);

/** Names a sample: `{endpoint="/v1/models",status="200"}`. */
function labelText(labels: Labels): string {
  let text = "";
  for (const name in labels) text += `${text === "" ? "{" : ","}${name}="${escaped(labels[name] ?? "")}"`;
  return text === "" ? "" : `${text}}`;
}

function escaped(value: string): string {
  return /[\\"\n]/.test(value) ? value.replaceAll(/[\\"\n]/g, "\\$&").replaceAll("\n", "n") : value;
}

/** What was counted with some values, and samples with one more. */
class Sample {
  readonly next: Map<string, Sample> = new Map();
  labels: Labels | undefined;
  count = 0;
}

/** Grows. */
export class Counter {
  readonly #root = new Sample();
  readonly #samples: Sample[] = [];

  /** @param labels Values of few and known kinds only. One is found value by value: a text of all of them took 3 µs. */
  add(labels: Labels, amount = 1): void {
    let sample = this.#root;
    for (const name in labels) sample = nextOf(sample, labels[name] ?? "");
    if (sample.labels === undefined) this.#samples.push(sample);
    sample.labels ??= labels;
    sample.count += amount;
  }

  lines(name: string): string[] {
    return this.#samples.map(({ labels = {}, count }) => `${name}${labelText(labels)} ${count}`);
  }
}

function nextOf({ next }: Sample, value: string): Sample {
  let sample = next.get(value);
  if (sample === undefined) next.set(value, (sample = new Sample()));
  return sample;
}

/** Counts times in seconds. */
export class Histogram {
  /** Of each bucket alone. */
  readonly #counts = bounds.map(() => 0);
  #sum = 0;
  #count = 0;

  add(ms: number): void {
    const seconds = ms / 1000;
    this.#sum += seconds;
    this.#count += 1;
    let at = 0;
    while (seconds > (bounds[at] ?? Infinity)) at += 1;
    if (at < bounds.length) this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  lines(name: string): string[] {
    let below = 0;
    return [
      ...bounds.map((bound, at) => `${name}_bucket{le="${Number(bound.toPrecision(6))}"} ${(below += this.#counts[at] ?? 0)}`),
      `${name}_bucket{le="+Inf"} ${this.#count}`,
      `${name}_sum ${this.#sum}`,
      `${name}_count ${this.#count}`,
    ];
  }
}

/** In which phase a client left. */
export type Phase = "queued" | "asked" | "streaming";

interface Now {
  readonly inFlight: number;
  readonly waiting: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** What a server counts beside the statistics of its manager. */
export class ServerMetrics {
  readonly requests: Counter = new Counter();
  readonly refused: Counter = new Counter();
  readonly clientsGone: Counter = new Counter();
  readonly streamsCut: Counter = new Counter();
  readonly attempts: Counter = new Counter();
  readonly cached: Counter = new Counter();
  readonly queued: Histogram = new Histogram();
  readonly upstream: Histogram = new Histogram();
  readonly firstToken: Histogram = new Histogram();

  constructor() {
    this.streamsCut.add({}, 0);
    for (const phase of ["queued", "asked", "streaming"] satisfies Phase[]) this.clientsGone.add({ phase }, 0);
  }

  /** Prometheus' text format, version 0.0.4. */
  render({ inFlight, waiting, promptTokens, completionTokens }: Now): string {
    const tokens = (name: string): string[] => [
      `${name}{direction="input"} ${promptTokens}`,
      `${name}{direction="output"} ${completionTokens}`,
    ];
    return [
      family("requests_total", "counter", "Requests of clients that have ended, by endpoint and status.", this.requests),
      family("tokens_total", "counter", "Tokens that providers counted.", { lines: tokens }),
      family("refused_total", "counter", "Requests that were refused, by reason.", this.refused),
      family("client_gone_total", "counter", "Clients that left before their answer was whole, by phase.", this.clientsGone),
      family("streams_cut_total", "counter", "Streams that ended before they were whole.", this.streamsCut),
      family("attempts_total", "counter", "HTTP calls to providers, by outcome.", this.attempts),
      family("cache_total", "counter", "What the cache did for requests that use it.", this.cached),
      family("queue_seconds", "histogram", "How long requests waited to be sent.", this.queued),
      family("upstream_seconds", "histogram", "How long attempts took.", this.upstream),
      family("first_token_seconds", "histogram", "From a request to the first event of its answer.", this.firstToken),
      family("in_flight", "gauge", "Attempts in flight.", { lines: (name) => [`${name} ${inFlight}`] }),
      family("waiting", "gauge", "Requests that wait to be sent.", { lines: (name) => [`${name} ${waiting}`] }),
    ].join("");
  }
}

function family(
  shortName: string,
  type: "counter" | "gauge" | "histogram",
  help: string,
  samples: { readonly lines: (name: string) => readonly string[] },
): string {
  const name = `llmbatch_${shortName}`;
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.lines(name), ""].join("\n");
}
