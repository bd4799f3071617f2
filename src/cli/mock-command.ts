import { type Command, InvalidArgumentError, Option } from "commander";
import { ConfigurationError } from "../model/errors.ts";
import type { MockServerOptions, OutagePlan } from "../mock/mock.ts";
import { durationReader, readNumber, readPort } from "./command-options.ts";
import { exitCodes } from "./exit-codes.ts";

interface MockFlags extends Omit<MockServerOptions, "latencyMs" | "jitterMs"> {
  readonly rpm?: number;
  readonly tpm?: number;
  readonly itpm?: number;
  readonly otpm?: number;
  readonly latency: number;
  readonly jitter: number;
}

/** Its options are its own: they are no settings of a run. */
export function addMock(program: Command, exitWith: (code: number) => void): void {
  program
    .command("mock")
    .description("the built-in mock provider as a server: no key, enforces limits as real providers do, can fail on purpose")
    .option("--port <N>", "0 for any free one", readPort, 8080)
    .option("--rpm <N>", "requests per minute it allows (default: no limit)", readNumber)
    .option("--tpm <N>", "tokens per minute it allows (default: no limit)", readNumber)
    .option("--itpm <N>", "input tokens per minute, with --rules anthropic", readNumber)
    .option("--otpm <N>", "output tokens per minute, with --rules anthropic", readNumber)
    .addOption(new Option("--rules <NAME>", "how limits are counted").choices(["openai", "anthropic", "second", "window"]))
    .option("--no-limit-headers", "tell of the limits in 429 responses only")
    .option("--no-limit-words", "429 responses do not say which limit it was, nor how much it allows")
    .addOption(new Option("--retry-after <HOW>", "what 429 responses tell").choices(["exact", "seconds", "none"]))
    .option("--max-in-flight <N>", "requests at once; more get a 503 (default: no limit)", readNumber)
    .option("--outage <FROM,FOR,KIND>", "down from and for so many ms; KIND: refuse-connections, 500, 503", readOutage)
    .option("--latency <MS>", "milliseconds an answer takes, or a time such as 2s", readMs, 50)
    .option("--jitter <MS>", "milliseconds more or less, or a time", readMs, 0)
    .option("--fail-rate <SHARE>", "share of requests that fail on purpose, 0 to 1", readNumber, 0)
    .option("--seed <N>", "other answers, other failures", readNumber, 0)
    .action(async ({ rpm, tpm, itpm, otpm, latency, jitter, ...rest }: MockFlags) => {
      const { runMockCommand } = await import("./commands/mock.ts");
      const limits = { requestsPerMinute: rpm, tokensPerMinute: tpm, inputTokensPerMinute: itpm, outputTokensPerMinute: otpm };
      await runMockCommand({ ...rest, ...limits, latencyMs: latency, jitterMs: jitter }).catch(nameFlags);
      exitWith(exitCodes.succeeded);
    });
}

/** The mock names its options as programs know them. */
const flagNames: Readonly<Record<string, string>> = {
  requestsPerMinute: "--rpm",
  tokensPerMinute: "--tpm",
  inputTokensPerMinute: "--itpm",
  outputTokensPerMinute: "--otpm",
  maxInFlight: "--max-in-flight",
  "outage.fromMs": "--outage: FROM",
  "outage.forMs": "--outage: FOR",
  latencyMs: "--latency",
  jitterMs: "--jitter",
  failRate: "--fail-rate",
  seed: "--seed",
};

function nameFlags(error: unknown): never {
  if (!(error instanceof ConfigurationError)) throw error;
  throw new ConfigurationError(error.message.replaceAll(/\w+(?:\.\w+)*/g, (word) => flagNames[word] ?? word));
}

const readMs = durationReader("ms");

function readOutage(text: string): OutagePlan {
  const [fromMs = "", forMs = "", kind] = text.split(",");
  if (kind !== "refuse-connections" && kind !== "500" && kind !== "503")
    throw new InvalidArgumentError("It has to look like 30000,2000,refuse-connections, or 500 or 503 at the end.");
  return { fromMs: readMs(fromMs), forMs: readMs(forMs), kind };
}
