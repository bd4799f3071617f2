import { type Command, InvalidArgumentError, Option } from "commander";
import type { LiveCacheMode } from "../server/server.ts";
import type { OptionKey } from "../config/option-table.ts";
import { addOptions, askingKeys, configOf, durationReader, readNumber, readPort, withTableKeys } from "./command-options.ts";

/** Options of `run` that mean the same here. */
const sharedKeys: ReadonlySet<OptionKey> = new Set([
  ...askingKeys,
  "model",
  "rpm",
  "tpm",
  "limit",
  "cache",
  "cache_path",
  "cache_ttl",
  "max_cache_size",
]);

interface Flags extends Record<string, unknown> {
  readonly host: string;
  readonly port: number;
  readonly tokenEnv?: string;
  readonly maxQueueWait: number;
  readonly maxQueue: number;
  readonly drain: number;
  readonly liveCache: LiveCacheMode;
  readonly allowHost?: string[];
  readonly allowOrigin?: string[];
}

/** `llmbatch serve` and its flags. */
export function addServe(program: Command, exitWith: (code: number) => void): void {
  const serve = program
    .command("serve")
    .description("a server for live clients of OpenAI's and Anthropic's APIs, with the limits, keys and routes of batches")
    .option("--host <NAME>", "the address to listen on; other machines need --token-env", "127.0.0.1")
    .option("--port <N>", "0 for any free one", readPort, 8000)
    .option("--token-env <VAR>", "the environment variable of the token that clients must send")
    .addOption(
      new Option("--max-queue-wait <TIME>", "how long a request may wait to be sent")
        .argParser(durationReader())
        .default(240_000, "4m"),
    )
    .option("--max-queue <N>", "how many may wait", readCount, 1000)
    .addOption(
      new Option("--drain <TIME>", "how long requests may still take after Ctrl-C")
        .argParser(durationReader())
        .default(120_000, "2m"),
    )
    .addOption(
      new Option("--live-cache <KIND>", "what requests without x-llmbatch-cache make of the cache")
        .choices(["off", "write", "on"])
        .default("off"),
    )
    .option("--allow-host <NAME>", "a name that requests may be for, beside this machine's", gather)
    .option("--allow-origin <URL>", "the address of a page whose scripts may ask", gather);
  addOptions(serve, sharedKeys);
  serve.action(async (flags: Flags) => {
    const { host, port, tokenEnv, maxQueueWait, maxQueue, drain, liveCache, allowHost = [], allowOrigin = [], ...rest } = flags;
    const { serveCommand } = await import("./commands/serve.ts");
    const own = {
      host,
      port,
      tokenEnv,
      maxQueueWaitMs: maxQueueWait,
      maxQueue,
      drainMs: drain,
      liveCache,
      allowHost,
      allowOrigin,
    };
    exitWith(await serveCommand(own, withTableKeys(rest), configOf(flags)));
  });
}

function gather(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function readCount(text: string): number {
  const count = readNumber(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new InvalidArgumentError("It must be a whole number of 1 or more.");
}
