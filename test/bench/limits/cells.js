// What is measured: a rule, a limit, a workload, how much the client is told, and who plays.

/** Per minute. `tokens` is shared by input and output, except by the rules of anthropic, which count them apart. */
const limits = {
  r600: { requests: 600 },
  r6000: { requests: 6_000 },
  r60000: { requests: 60_000 },
  t90k: { tokens: 90_000 },
  t1m: { tokens: 1_000_000 },
};

const rules = ["openai", "anthropic", "second", "window"];
const workloads = ["uniform", "long-tailed", "bursty"];
/**
 * The limits are the client's options; or what headers say; or what refusals say, as these providers word them; or nothing says them
 * but 429. Where there are no headers, `retry-after` is in whole seconds.
 */
const told = ["configured", "headers", "refusals", "silent"];

/** Answers take 100 to 300 ms. */
export const latency = { latencyMs: 200, jitterMs: 100 };

/**
 * Sizes of requests make no difference where requests are what is limited, so these cells have one workload, unless all are wanted.
 *
 * @returns cells named like `openai/r600/uniform/configured/llmbatch`
 */
export function listCells({ contenders, allWorkloads }) {
  const cells = [];
  for (const rule of rules)
    for (const [limitName, limit] of Object.entries(limits))
      for (const workload of limit.tokens || allWorkloads ? workloads : ["uniform"])
        for (const how of told)
          for (const contender of contenders) {
            const name = [rule, limitName, workload, how, contender].join("/");
            cells.push({
              name,
              shape: `${rule}/${limitName}/${workload}`,
              rule,
              workload,
              told: how,
              contender,
              ...optionsOf(rule, limit),
            });
          }
  return cells;
}

function optionsOf(rule, { requests, tokens }) {
  const perMinute = limitsOf(rule, requests, tokens);
  const perSecond = requests ? requests / 60 : tokens / 60 / 300;
  // So many are in flight at the limit's rate, twice over, and never fewer than a hundred.
  const concurrency = Math.max(100, Math.ceil((2 * perSecond * latency.latencyMs) / 1000));
  return { perMinute, perSecond, concurrency };
}

function limitsOf(rule, requests, tokens) {
  if (requests) return { requestsPerMinute: requests };
  return rule === "anthropic" ? { inputTokensPerMinute: tokens, outputTokensPerMinute: tokens / 4 } : { tokensPerMinute: tokens };
}

/** @param only Parts of names: commas mean "and", bars mean "or": `openai|second,r600,llmbatch`. */
export function selectCells(cells, only) {
  const wanted = only.split(",").filter((part) => part !== "");
  return cells.filter(({ name }) => wanted.every((part) => part.split("|").some((one) => name.split("/").includes(one))));
}
