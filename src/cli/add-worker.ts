import type { Command } from "commander";
import type { OptionKey } from "../config/option-table.ts";
import { addOptions, askingKeys, configOf, withTableKeys } from "./command-options.ts";

/** Options of `run` that mean the same here. */
const sharedKeys: ReadonlySet<OptionKey> = new Set([
  ...askingKeys,
  "queue",
  "queue_prefix",
  "queue_secret_env",
  "request_id_header",
  "stream",
]);

/** `llmbatch worker`. */
export function addWorker(program: Command, exitWith: (code: number) => void): void {
  const worker = program
    .command("worker")
    .description("ask lines for every `llmbatch run --queue` at the same Redis, with this machine's own keys");
  addOptions(worker, sharedKeys);
  worker.addHelpText("after", "\nIt works until Ctrl-C or SIGTERM: what is in flight then ends and is kept.");
  worker.action(async (flags: Record<string, unknown>) => {
    const { workerCommand } = await import("./commands/worker.ts");
    exitWith(await workerCommand(withTableKeys(flags), configOf(flags)));
  });
}
