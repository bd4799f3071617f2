import { Command } from "commander";
import { readEnvironment, unknownVariables } from "../config/environment.ts";
import type { OptionKey } from "../config/option-table.ts";
import { addServe } from "./add-serve.ts";
import { addWorker } from "./add-worker.ts";
import { addOptions, configOf, durationReader, withTableKeys } from "./command-options.ts";
import type { MergeFlags } from "./merge/merge-command.ts";
import { addMock } from "./mock-command.ts";
import { printError } from "./terminal/print-error.ts";
import { readVersion } from "./version.ts";

const examples = `
Examples:
  llmbatch run requests.jsonl -o out.jsonl             every line answered, in order; run it again to resume
  llmbatch run prompts.jsonl -m gpt-5.4-mini --rpm 500 -o out.jsonl
  cat requests.jsonl | llmbatch run - | jq .response.body
  llmbatch run samples/requests.jsonl --provider mock  no key, no network

Exit codes: 0 all succeeded, 1 some requests failed, 2 usage or invalid input (nothing was sent),
3 stopped early (resumable), 130/143 interrupted (resumable).`;

/** The commands and their flags. A command's module is loaded when it is called: help and version need none. */
export function createProgram(exitWith: (code: number) => void, writeError: (text: string) => void): Command {
  const program = new Command("llmbatch")
    .description("Sends a file of LLM requests: one line in, one line out, in order, within the limits, nothing paid for twice.")
    .version(readVersion())
    .enablePositionalOptions()
    .configureOutput({
      writeErr: writeError,
      outputError: (text, write) => write(redactValues(text).replace(/^error: /, "llmbatch: ")),
    })
    .addHelpText("after", examples)
    .exitOverride();

  for (const add of [
    addRun,
    addWorker,
    addValidate,
    addEstimate,
    addMerge,
    addCache,
    addMock,
    addProviders,
    addModels,
    addCheck,
    addServe,
  ])
    add(program, exitWith);
  program.hook("preAction", warnOfUnknownVariables);
  pointToHelp(program, program.name());
  return program;
}

/** A mistake in a command's options leads to the help of that command. */
function pointToHelp(command: Command, name: string): void {
  command.showHelpAfterError(`(${name} --help shows what there is)`);
  for (const inner of command.commands) pointToHelp(inner, `${name} ${inner.name()}`);
}

function warnOfUnknownVariables(): void {
  unknownVariables(readEnvironment()).forEach(printError);
}

function addRun(program: Command, exitWith: (code: number) => void): void {
  const run = program
    .command("run")
    .description("send the requests, write the responses")
    .argument("[INPUT...]", "JSONL files, or - for stdin");
  addOptions(run);
  run.addHelpText("after", examples);
  run.action(async (inputs: string[], flags: Record<string, unknown>) => {
    const { runCommand } = await import("./commands/run.ts");
    exitWith(await runCommand(inputs, withTableKeys(flags), configOf(flags), () => run.help({ error: true })));
  });
}

/** What decides which requests lines become. */
const requestKeys: readonly OptionKey[] = ["model", "provider", "base_url", "set", "allow_files", "context", "sanitize"];

function addValidate(program: Command, exitWith: (code: number) => void): void {
  const validate = program
    .command("validate")
    .description("check files offline: errors by line, duplicate ids, counts by model and endpoint")
    .argument("[INPUT...]", "JSONL files, or - for stdin");
  addOptions(validate, new Set(requestKeys));
  validate.action(async (inputs: string[], flags: Record<string, unknown>) => {
    const { validateCommand } = await import("./commands/validate.ts");
    exitWith(await validateCommand(inputs, withTableKeys(flags), configOf(flags), () => validate.help({ error: true })));
  });
}

/** Options of `run` that change nothing of what it would take: `estimate` takes them, so that it can stand for `run` in any command. */
const keysWithoutCost: ReadonlySet<OptionKey> = new Set([
  ...(["output", "errors", "annotate", "stats", "log", "log_bodies", "progress", "quiet", "pilot", "yes"] as const),
  ...(["api_key_env", "client_cert", "client_key", "request_id_header", "stream", "unordered", "max_failures"] as const),
  ...(["max_retries", "retry_delay", "max_retry_delay", "retry_empty", "repair", "max_wait", "timeout", "idle_timeout"] as const),
  ...(["queue", "queue_prefix", "queue_secret_env", "with_worker"] as const),
]);

function addEstimate(program: Command, exitWith: (code: number) => void): void {
  const estimate = program
    .command("estimate")
    .description("say what a run would take: requests, tokens, money, time; offline")
    .argument("[INPUT...]", "JSONL files, or - for stdin");
  addOptions(estimate, undefined, keysWithoutCost);
  estimate.option("--json", "for programs: one JSON object");
  estimate.action(async (inputs: string[], flags: Record<string, unknown>) => {
    const { estimateCommand } = await import("./commands/estimate.ts");
    exitWith(await estimateCommand(inputs, withTableKeys(flags), configOf(flags), () => estimate.help({ error: true })));
  });
}

function addMerge(program: Command, exitWith: (code: number) => void): void {
  program
    .command("merge")
    .description("make one file of results of several, by custom_id: those of --shard, or of a file and a later try")
    .argument("<FILES...>", "JSONL files of results")
    .option("--order <INPUT>", "the lines that were asked, in the order that results are to have (default: as they come)")
    .option("-o, --output <FILE>", "where they go, with the sum of the statistics beside it (default: stdout)")
    .addHelpText("after", "\nExit codes: 0 merged, 1 merged, but some lines of --order have no result, 2 nothing was written.")
    .action(async (names: string[], flags: MergeFlags) => {
      const { mergeCommand } = await import("./merge/merge-command.ts");
      exitWith(await mergeCommand(names, flags));
    });
}

interface CacheFlags extends Record<string, unknown> {
  /** In milliseconds. */
  readonly olderThan?: number;
}

const cacheKeys: ReadonlySet<OptionKey> = new Set(["cache_path", "allow_http"]);

function addCache(program: Command, exitWith: (code: number) => void): void {
  const cache = program.command("cache").description("look after the disk cache");
  const add = (name: "stats" | "path" | "prune" | "clear", description: string): Command => {
    const command = cache.command(name).description(description);
    addOptions(command, cacheKeys);
    return command.action(async ({ olderThan, ...flags }: CacheFlags) => {
      const { cacheCommand } = await import("./commands/cache.ts");
      exitWith(await cacheCommand(name, olderThan, withTableKeys(flags), configOf(flags)));
    });
  };
  add("stats", "how many answers it holds, how large and how old they are");
  add("path", "where it is");
  addCacheHas(cache, exitWith);
  add("prune", "remove expired answers").option("--older-than <TIME>", "and those older than 30d, 12h …", durationReader());
  add("clear", "remove all answers");
}

const cacheHasKeys: ReadonlySet<OptionKey> = new Set([...requestKeys, ...cacheKeys, "cache_ttl", "dedupe"]);

function addCacheHas(cache: Command, exitWith: (code: number) => void): void {
  const has = cache
    .command("has")
    .description("how many lines of a file have an answer in it, or whether one result has")
    .argument("<FILE|ID>", "a JSONL file, - for stdin, or the id of a result");
  addOptions(has, cacheHasKeys);
  has.addHelpText("after", "\nExit codes: 0 all are there, 1 some are not.");
  has.action(async (name: string, flags: Record<string, unknown>) => {
    const { cacheHasCommand } = await import("./commands/cache-has.ts");
    exitWith(await cacheHasCommand(name, withTableKeys(flags), configOf(flags)));
  });
}

function addProviders(program: Command, exitWith: (code: number) => void): void {
  const providers = program
    .command("providers")
    .description("list the providers of the configuration and the presets that --provider takes, and which keys are there");
  addOptions(providers, new Set());
  providers.action(async (flags: Record<string, unknown>) => {
    const { providersCommand } = await import("./commands/providers.ts");
    exitWith(providersCommand(withTableKeys(flags), configOf(flags)));
  });
}

function addModels(program: Command, exitWith: (code: number) => void): void {
  const models = program.command("models").description("list the models that the configuration names, and who serves them");
  addOptions(models, new Set<OptionKey>(["provider"]));
  models.action(async (flags: Record<string, unknown>) => {
    const { modelsCommand } = await import("./commands/models.ts");
    exitWith(modelsCommand(withTableKeys(flags), configOf(flags)));
  });
}

const checkKeys: ReadonlySet<OptionKey> = new Set([
  "model",
  "provider",
  "base_url",
  "allow_http",
  "api_key_env",
  "header",
  "timeout",
]);

function addCheck(program: Command, exitWith: (code: number) => void): void {
  const check = program.command("check").description("ask one tiny question: do address, key and model work?");
  addOptions(check, checkKeys);
  check.action(async (flags: Record<string, unknown>) => {
    const { checkCommand } = await import("./commands/check.ts");
    exitWith(await checkCommand(withTableKeys(flags), configOf(flags)));
  });
}

/** The value of an unknown option may be a key. */
function redactValues(text: string): string {
  return text.replace(/(unknown option '-[^=]*=)[^]*'/, "$1…'");
}
