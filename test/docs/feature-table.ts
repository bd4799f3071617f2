/** One feature of five other systems, and what proves it here. */
export interface Feature {
  readonly row: number;
  readonly feature: string;
  /** How llmbatch offers it. */
  readonly here: string;
  /** The tests that prove it, as `file: title`; the title as the file writes it. */
  readonly tests: readonly string[];
  /** Why there is nothing to prove, or what of it is proved elsewhere. */
  readonly reason?: string;
}

function row(number: number, feature: string, here: string, tests: readonly string[], reason?: string): Feature {
  return { row: number, feature, here, tests, ...(reason !== undefined && { reason }) };
}

const parameters =
  "e2e/parameters.test.ts: rows 8 to 15, 72: every parameter and message arrives as it was written, byte for byte, and nothing is added";
const notOffered = "docs/decisions/0058-what-is-not-offered.md";

/** The merged table of what SimpleLLMFunc, FastLLM, OpenHands LLM, llm-api-client and llms.py offer, row by row. */
export const features: readonly Feature[] = [
  // Entry points, request and response model
  row(1, "many requests, one call", "processBatch, run, llmbatch run", [
    "manager/request-manager.test.ts: answers prompts, bodies and batch lines in one line of code, in their order",
    "manager/request-manager.test.ts: reads ahead no further than its window, however many requests there are",
    "manager/stopped-batches.test.ts: gives one result for each request: the 20 answers that were paid for before the key was revoked, and 24 that say so",
  ]),
  row(2, "file in, file out", "llmbatch run, several files, -, stdout; constant memory", [
    "e2e/several-inputs.test.ts: are answered in one output, in the order of the files and of their lines, byte for byte as if they were one",
    "e2e/main-job.test.ts: stdout carries data only",
    "e2e/main-job.test.ts: without an argument stdin is read",
  ]),
  row(3, "single request", "manager.complete(prompt | messages | request)", [
    "manager/completion.test.ts: a prompt gets its answer, with usage, and the same question again gets it from the cache",
    "manager/completion.test.ts: messages are sent as they are, and a request that fails says why",
  ]),
  row(4, "async variants", "all are promises or async generators", ["types.test.ts: calls give promises and async iterables"]),
  row(5, "builder", "RequestBatch", [
    "library/request-batch.test.ts: gives the id that the result will have, at every provider, also of requests that are equal",
    "library/request-batch.test.ts: merges batches in order: ids stay, and those of equal requests are told apart",
    "library/request-batch.test.ts: writes lines of a batch file, and reads them back with the same ids",
  ]),
  row(6, "OpenAI Batch lines", "read and written unchanged; bare bodies, prompts, texts", [
    "jsonl/line-forms.test.ts: OpenAI Batch",
    "jsonl/line-forms.test.ts: bare body",
    "jsonl/line-forms.test.ts: a string",
    "jsonl/format-results.test.ts: of an answer",
  ]),
  row(7, "request from prompt or dict", "LLMRequest, Message by zod; text -> user message", [
    "library/llm-request.test.ts: made of a prompt is sent with what it was given, and no temperature, top_p or limit of its own",
    "library/llm-request.test.ts: comes back from its dictionary, whichever way the messages were given",
  ]),
  row(8, "message roles, tool calls", "all roles, parts, null; unknown keys kept", [
    parameters,
    "library/llm-request.test.ts: makes a user's message of a text, and keeps every member of the others",
  ]),
  row(9, "sampling parameters", "passed through; ranges as warnings, nothing injected", [
    parameters,
    "library/llm-request.test.ts: warns of parameters out of their range, and sends them as they are",
    "jsonl/warnings/key-warning.test.ts: parameters that no API takes with their values, which are sent",
  ]),
  row(10, "max_tokens, max_completion_tokens", "both pass", [parameters]),
  row(11, "logprobs", "pass", [parameters]),
  row(12, "reasoning parameters", "pass", [parameters]),
  row(13, "response_format", "passes; --validate-output, --repair", [
    parameters,
    "e2e/schema-gate.test.ts: a schema gate: of 200 answers, 30 of them broken in ten ways, each is found, repaired and accepted, and none is lost",
  ]),
  row(14, "tools", "pass; calls verbatim in the result", [parameters]),
  row(15, "extra parameters", "travel, and are part of the key", [
    parameters,
    "model/fingerprint.test.ts: a stop sequence of white space, an empty value or another endpoint make another request",
  ]),
  row(16, "embeddings", "/v1/embeddings", [
    "library/request-batch.test.ts: sends what each API was given, and nothing else",
    "manager/results.test.ts: has the text of an answer of %s, without JSON.parse and choices[0]",
  ]),
  row(17, "Responses API", "/v1/responses", [
    "library/request-batch.test.ts: sends what each API was given, and nothing else",
    "manager/streamed-text.test.ts: gives text, whichever API it is: $name",
    "manager/calls.test.ts: says which API it is for, and what its result is called",
  ]),
  row(18, "response shape", "raw body kept", [
    "e2e/parameters.test.ts: row 18: an answer comes out as the provider sent it, whatever is odd about it",
  ]),
  row(19, "response wrapper", "one result class; --annotate", [
    "manager/results.test.ts: says who answered, when, from where and with how many tokens",
    "e2e/annotate.test.ts: --annotate says who answered each line, whether the cache did, and after how long; without it lines are what they were",
  ]),
  row(20, "failure entry", "one line out for each in; typed errors; exit codes", [
    "manager/results.test.ts: that failed says why, with the body that the server sent",
    "e2e/main-job.test.ts: with --skip-invalid each failure stands in its place",
    "e2e/failures.test.ts: 400 once, 500 and cut sockets up to max-retries; a second run asks only for what failed",
  ]),
  row(21, "model_not_found, provider_error", "both codes everywhere, with who was tried", [
    "manager/journey.test.ts: everywhere, at a dead provider and at one that is broken, is a provider_error with each cause",
    "manager/journey.test.ts: because no provider serves its model is a model_not_found",
    "manager/results.test.ts: in the output has its code, whether the model or the endpoint is missing",
    "setup/models.test.ts: a model that nobody has is said once in a failed line: the message named it twice",
  ]),
  row(22, "request id", "stable id, custom_id untouched, sent as a header when asked", [
    "e2e/request-ids.test.ts: is sent as the header that --request-id-header names: that of its output line, the same at each attempt and in every run",
  ]),
  // Providers, auth, configuration
  row(23, "provider interface", "Provider", [
    "manager/own-parts.test.ts: that throws in %s costs its own line, not the run",
    "manager/shared-resources.test.ts: do not hear of each other's end: closing one broke the other's batch",
    "setup/routes-in-code.test.ts: go on to the next, by the name that it has for the model, and say who answered: only a file could have routes",
  ]),
  row(24, "base URL", "--base-url, variables, configuration", [
    "e2e/paths.test.ts: are sent with --base-url, and any JSON that comes back is the answer",
    "setup/preset-settings.test.ts: gives way to the user's own",
  ]),
  row(25, "organization, headers", "--header, organization, project", [
    "setup/provider-settings.test.ts: stream, organization and project are the provider's",
    "setup/in-code.test.ts: organization, project, models, members of bodies, concurrency, limits and retries",
    "e2e/presets.test.ts: are the user's, however they are written, before those of variables",
  ]),
  row(26, "named providers", "16 presets, Azure and Anthropic among them", [
    "e2e/presets.test.ts: asks the resource that the variable names, with the deployment as the model and the key in its own header",
    "e2e/several-providers.test.ts: mixes three protocols and five providers, and each key reaches only its own provider",
  ]),
  row(27, "own URL per model, local servers", "any number of providers; key optional", [
    "setup/models.test.ts: in the order of the file, by the names that the providers have for it",
  ]),
  row(28, "several keys", "api_keys, APIKeyPool; limits of each key, eviction", [
    "setup/in-code.test.ts: a pool of keys, one of which may be refused, and none of which is printed",
    "e2e/key-pools.test.ts: of 1,200 requests a minute each, two of them, is used to the full and neither goes over",
    "setup/routes.test.ts: sends with the key that has the minimum of requests in flight when one starts",
  ]),
  row(29, "keys from the environment", "$VAR, ${VAR}, env:VAR, --api-key-env; never shown", [
    "config/expand-variables.test.ts: is the variable's value, wherever it stands in a text: it was sent as it was written",
    "setup/in-code.test.ts: the key of the preset's variable, also at another address, unless one is given",
    "e2e/secrets.test.ts: because the connection is refused, at an address that contains it, too",
  ]),
  row(30, "provider file", "llmbatch.config.json; provider.json and llms.json as they are", [
    "e2e/several-providers.test.ts: of SimpleLLMFunc is read too",
    "setup/llms-json.test.ts: llms.json is read as it is: models at their providers, in the order of the file, by the names that they have there",
    "e2e/options.test.ts: a file that is no JSON stops the run instead of being replaced by defaults",
  ]),
  row(31, "configuration round trip", "Configuration, toJSON with secrets masked", [
    "setup/in-code.test.ts: which is printed without its keys, and can be read back with those that are in variables",
  ]),
  row(32, "model alias map", "models: {alias: id}", [
    "e2e/several-providers.test.ts: a model goes by the name that the provider has for it, and nothing else in the body changes",
  ]),
  row(33, "defaults", "--set, defaults, per provider and model; the request wins", [
    "setup/provider-settings.test.ts: its set, and its models', fill in what neither a line nor the run sets, and change the question",
    "manager/route-and-files.test.ts: members for all bodies are a plain object; a request's own win",
  ]),
  row(34, "list and check providers", "llmbatch check, models, providers", [
    "e2e/models.test.ts: asks each provider for the first of its models: one had to be named for all",
    "e2e/models.test.ts: lists routes, aliases and who serves them",
    "e2e/providers.test.ts: lists those of the configuration first, and which of their keys are there: it did not know --config",
  ]),
  // Concurrency, rate limits, retries
  row(35, "concurrency cap", "--concurrency, sliding window", [
    "e2e/concurrency.test.ts: is reached and never exceeded",
    "e2e/concurrency.test.ts: one slow request delays no other: the window slides",
  ]),
  row(36, "RPM", "--rpm, burst", [
    "e2e/concurrency.test.ts: %s is never overstepped",
    "limiters/limits/paced-limit.test.ts: lets so much start at once after a rest, and keeps its pace: %s",
  ]),
  row(37, "TPM", "--tpm: reserved, settled; larger than the limit runs alone", [
    "limiters/limits/weights.test.ts: what an answer did not use is given back, what it used beyond is taken; the request stays taken",
    "limiters/scheduler/request-scheduler.test.ts: a request larger than a whole minute's tokens is answered too, and warned of once",
  ]),
  row(38, "token-bucket object", "TokenBucket(capacity, refillRate)", [
    "limiters/limits/token-bucket.test.ts: serves waiters first come first served, a large one before the small ones behind it",
    "limiters/limits/token-bucket.test.ts: takes more than it can hold when it is full, instead of waiting for ever",
  ]),
  row(39, "limiter status and reset", "rateLimitStatus(), resetRateLimit()", [
    "limiters/scheduler/pauses.test.ts: what was learned is forgotten, and what waits for a pause goes on, when limits are reset",
    "manager/statistics.test.ts: row 75: tell rates of prompt and completion tokens, the share of cache hits, and how much of the limits is used",
  ]),
  row(40, "several limits, periods", "--limit requests=100/1m --limit tokens=1e6/1d", [
    "e2e/limits.test.ts: may be for a day: it is used at once, and then the run waits",
    "config/parse-rate-limit.test.ts: %s is a limit",
  ]),
  row(41, "limits learned from headers", "kept without being set", [
    "e2e/limits.test.ts: are learned from headers: few requests are throttled, and log and statistics show them",
  ]),
  row(42, "limit scope", "provider, model, key", [
    "limiters/scheduler/pauses.test.ts: a pause of one model does not hold up the requests for another",
    "setup/routes.test.ts: lets a key rest that is told to, and that key alone: what it was told goes to the other at once",
  ]),
  row(43, "adaptive concurrency", "on; --no-adaptive", [
    "limiters/learning/adaptive-concurrency.test.ts: is the ceiling, whatever happens, when it is turned off",
    "e2e/limits.test.ts: do not change how many are in flight with --no-adaptive",
  ]),
  row(44, "retries", "--max-retries; only what can help", [
    "e2e/failures.test.ts: 400 once, 500 and cut sockets up to max-retries; a second run asks only for what failed",
    "e2e/whole-answers.test.ts: are not made: an answer that is no JSON is asked for once more, a wrong parameter not at all",
  ]),
  row(45, "delay", "full jitter; Retry-After wins; slot released", [
    "e2e/failures.test.ts: 429 with Retry-After not before its time, and no other request meanwhile",
    "manager/request-manager.test.ts: spends no retry and holds no slot: others go on when the pause is over",
  ]),
  row(46, "failed pass later", "the same command again", [
    "e2e/failures.test.ts: 400 once, 500 and cut sockets up to max-retries; a second run asks only for what failed",
  ]),
  row(47, "retry listener, events", "observers, onRetry", [
    "manager/request-manager.test.ts: hear every attempt, and a program reads the statistics at any time",
    "manager/calls.test.ts: has a timeout of its own for each attempt, and hears of each retry",
  ]),
  row(48, "empty answer retried", "--retry-empty, retryEmpty", [
    "e2e/empty-answers.test.ts: is an answer like any other, unless --retry-empty says that it is asked again, as it was",
    "manager/retry-empty.test.ts: with `retryEmpty` a program's empty answers are asked again, those of the cache too, and each call carries the request's id",
  ]),
  row(49, "per-request timeout", "--timeout, timeoutMs of a call, of a provider", [
    "manager/calls.test.ts: has a timeout of its own for each attempt, and hears of each retry",
    "setup/provider-settings.test.ts: its timeout ends its attempts, and not those of others",
  ]),
  row(50, "whole-run timeout", "--deadline, deadlineMs", [
    "manager/request-manager.test.ts: stops at its deadline, and what was answered before is in the cache",
  ]),
  row(51, "cancel, Ctrl-C", "the first drains, the second ends", [
    "e2e/interrupts.test.ts: keeps what is in flight and says so, starts nothing more, and the same command finishes as if undisturbed",
    "e2e/interrupts.test.ts: a second Ctrl-C ends it at once, while requests are still in flight",
  ]),
  row(52, "max failures", "--max-failures N | %", [
    "manager/stops/stop-conditions.test.ts: stops at the N-th failed line",
    "manager/stopped-batches.test.ts: because too many failed keeps what was answered, and no request is sent from then on",
  ]),
  // Cache, ordering, resume
  row(53, "cache interface", "exists, get, put, delete, clear, close over any Keyv", [
    "contracts/answer-cache.ts: says what exists, and takes back what was put, without being opened first",
    "contracts/answer-cache.ts: deletes one answer, and says whether there was one",
    "contracts/answer-cache.ts: clears all answers, and takes new ones",
  ]),
  row(54, "memory cache", "MemoryCache, --cache memory; bounded", [
    "caches/memory.test.ts: stays within its bytes, and what was used longest ago makes room",
  ]),
  row(55, "disk cache", "DiskCache(path, { ttl, maxBytes }), --cache-ttl, --max-cache-size", [
    "caches/disk/disk-cache.test.ts: made by `new` is a manager's cache at once, and the next manager's",
    "caches/disk/size-bound.test.ts: a disk cache grew without end: `maxBytes` bounds its files, %s",
    "contracts/answer-cache.ts: counts `ttl` in seconds, as the systems do that its users come from",
  ]),
  row(
    56,
    "key",
    "SHA-256 of endpoint and canonical JSON as sent; n samples differ",
    [
      "model/fingerprint.test.ts: a stop sequence of white space, an empty value or another endpoint make another request",
      "model/fingerprint.test.ts: identical requests get a fingerprint each, the first its own",
    ],
    `no --cache-key: ${notOffered}`,
  ),
  row(57, "id exposed, is it cached?", "requestId, requestKey, cache has", [
    "library/request-batch.test.ts: is the id that a batch gives, and with a provider that of its results and of `cache has`",
    "e2e/cache-command.test.ts: `cache has FILE` says how many lines a run would not have to pay for, without a key",
    "e2e/cache-command.test.ts: `cache has ID` takes the id of a line of output, and the key of an answer",
    "e2e/cache-command.test.ts: `cache has ID` refuses the id of a RequestBatch, which leads to no answer: it said that a cached one was missing",
  ]),
  row(58, "failures not cached", "only whole, good answers", ["manager/cached-answers.test.ts: keeps only good answers"]),
  row(59, "identical requests share one call", "--dedupe", [
    "e2e/concurrency.test.ts: --dedupe asks once for equal lines and shares the answer",
  ]),
  row(60, "order kept", "in order; --unordered", [
    "manager/queues/result-queue.test.ts: and leave in the order of their requests, however they came",
    "manager/request-manager.test.ts: in order of completion lets the quick ones go first",
  ]),
  row(61, "resume", "the same command again", [
    "e2e/interrupts.test.ts: kill -9 in the middle: the next run asks for nothing that was answered, and takes over the lock",
  ]),
  row(62, "crash-safe output", "FILE.partial as it goes", [
    "e2e/interrupts.test.ts: kill -9 in the middle: the next run asks for nothing that was answered, and takes over the lock",
  ]),
  row(63, "history of calls", "--log", [
    "cli/report/event-log.test.ts: has one record for each event, in order, with the keys that scripts depend on",
  ]),
  // Content, context, sanitising, streaming
  row(64, "image, audio, file parts", "--allow-files, allowFiles", [
    "e2e/local-files.test.ts: sends images as data URLs and all else as written; a changed image is asked again, an unchanged one is not",
    "manager/route-and-files.test.ts: are sent from the folder that allowFiles names: a program had no such option",
  ]),
  row(65, "context truncation", "--context", [
    "context/truncate.test.ts: keeps instructions, the last question, pairs, order and bytes, and fits",
    "e2e/context.test.ts: lose their oldest turns with --context truncate, which stands in output, log, statistics and summary",
  ]),
  row(66, "context window number", "context_window", [
    "e2e/context.test.ts: are named before anything is sent, once each, by validate and by run",
  ]),
  row(67, "request sanitising", "--sanitize", [
    "e2e/context.test.ts: is taken out, or put in, with --sanitize fix; named with warn; and nothing is done without",
  ]),
  row(68, "rules of reasoning models", "--sanitize fix", [
    "sanitizing/sanitize.test.ts: of sampling depends on how much the model is to reason",
    "sanitizing/sanitize.test.ts: are taken out of the text, and all else stays byte for byte",
  ]),
  row(69, "token counting", "countTokens", [
    "tokens/count-tokens.test.ts: a request has those of its texts, and what messages have besides",
    "manager/count-tokens.test.ts: limits reserve the estimate, or what a program counts",
  ]),
  row(70, "streaming from the provider", "--stream; put together; cut ones fail", [
    "e2e/streams.test.ts: give the lines that answers in one piece give, and are asked again when they break off",
    "e2e/whole-answers.test.ts: is asked for again, and never kept in the cache: %s",
  ]),
  row(71, "chunks to the caller", "manager.stream(): { text, event }, text()", [
    "manager/streamed-text.test.ts: gives text, whichever API it is: $name",
    "manager/stream-request.test.ts: throws after the chunks of an answer that breaks off, and does not ask again",
  ]),
  row(72, "prompt caching marks", "pass; cached tokens counted", [
    parameters,
    "stats/token-stats.test.ts: counts each attempt once, the failed but billed ones too, and not again with the result",
  ]),
  row(73, "tools for models without them, tool loop", "not offered", [], notOffered),
  // Statistics, progress, cost
  row(74, "TokenStats", "the same names, and more", [
    "manager/statistics.test.ts: row 74: count prompt, completion and total tokens, completed requests and cache hits, from a start on",
  ]),
  row(75, "rates", "the same names", [
    "manager/statistics.test.ts: row 75: tell rates of prompt and completion tokens, the share of cache hits, and how much of the limits is used",
  ]),
  row(76, "progress bar", "ProgressTracker; the command line's bar", [
    "progress/progress-tracker.test.ts: row 76: shows a program's batch in the command line's bar, from the first event to the last result",
  ]),
  row(77, "cost", "--prices", [
    "e2e/prices.test.ts: stands in statistics, summary, log and annotated lines; then the cache saves it",
    "e2e/prices.test.ts: is what the server reports, wherever it is",
  ]),
  row(78, "latencies", "p50 to p99, by model and provider", [
    "stats/sums-of-runs.test.ts: row 78: percentiles p50, p75, p90, p95 and p99 are right within 1 %",
    "stats/sums-of-runs.test.ts: say what each model and each provider was asked and took",
  ]),
  row(79, "summary and dict", "toString, toJSON, inspect", [
    "stats/sums-of-runs.test.ts: as the summary of the command line, in a text",
    "stats/sums-of-runs.test.ts: by `console.log` with their figures, not as `TokenStats { observe: [Function] }`",
  ]),
  row(80, "merge, diff", "TokenStats.merge, .diff", [
    "stats/sums-of-runs.test.ts: row 80: `merge` adds two up, and `diff` takes one of them out of the sum again",
  ]),
  row(81, "budget stop", "--max-cost, --max-tokens-total", [
    "e2e/caps.test.ts: stops before it could be exceeded, says what is left, and the same command goes on",
  ]),
  row(82, "estimate before running", "llmbatch estimate, --pilot", [
    "e2e/estimate.test.ts: what the cache holds is not priced, and tells what the others will take",
    "e2e/pilot.test.ts: statistics have each line once, and what the pilot took",
  ]),
  row(83, "completion logging", "--log-bodies", [
    "e2e/body-log.test.ts: keeps what was asked and answered, of each attempt, in a new file of a folder for each run, for its owner alone",
  ]),
  // Routing and server
  row(84, "model to providers, in order", "a listed model is a route; routes", [
    "setup/models.test.ts: in the order of the file, by the names that the providers have for it",
    "setup/load-providers.test.ts: asks along routes, by other names, and the provider that a request names",
  ]),
  row(85, "failover", "to the next; the result names it", [
    "setup/routes.test.ts: goes on to the second at once, whatever the first says of when to come back",
    "manager/journey.test.ts: an answer that the second provider gave names it, so that users know who was paid",
    "e2e/routes.test.ts: never goes on to the second for a request that the first says is bad",
  ]),
  row(86, "all failed", "provider_error with each cause", [
    "manager/journey.test.ts: everywhere, at a dead provider and at one that is broken, is a provider_error with each cause",
    "e2e/routes.test.ts: says of every provider that was tried what came of it",
  ]),
  row(87, "circuit breaker", "probed now and then", [
    "e2e/routes.test.ts: finishes on the second provider when the first is dead, which costs a few attempts",
  ]),
  row(88, "cheap first, load distribution", "strategy", [
    "setup/routes.test.ts: by %s sends everything to the one that comes first while it is well",
    "setup/routes.test.ts: by %s shares what is in flight",
    "setup/routes-in-code.test.ts: choose by %s",
  ]),
  row(89, "rule routing", "route hook", [
    "manager/route-and-files.test.ts: chooses the model by what a request holds, in a batch and alone",
  ]),
  row(90, "OpenAI-compatible server", "llmbatch serve; works against such servers", [
    "providers/failures/failure-messages.test.ts: llms.py, which calls every failure a 500",
    "e2e/serve.test.ts: serves the models of the configuration to both names of this machine, and ends when it is told to",
    "server/pages.test.ts: is wanted before anything else is told, and taken in either header",
  ]),
  row(
    91,
    "usable by SDKs",
    "cURL, openai, @anthropic-ai/sdk",
    [
      "server/clients.test.ts: get the provider's own answer: %s",
      "server/clients.test.ts: raise where a stream is cut, and never take it for short",
    ],
    "LangChain, LlamaIndex, AI SDK and Python's packages are not run yet: docs/serve.md shows how they are given the address",
  ),
  row(92, "UI, agents, extensions, durable threads", "not offered", [], notOffered),
];
