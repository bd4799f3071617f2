import type { ReceivedCall } from "../support/scripted-server.ts";
import type { Workplace } from "./cli.ts";

/** Writes the file that the program reads where it is called. */
export function configure(user: Workplace, config: object): void {
  user.write("llmbatch.config.json", JSON.stringify(config));
}

/** The key that a request came with. */
export function keyOf({ headers }: ReceivedCall): unknown {
  return headers["authorization"] ?? headers["x-api-key"];
}
