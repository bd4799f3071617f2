import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

type Undici = typeof import("undici");

/** What requests need. */
type Parts = Pick<Undici, "Client" | "buildConnector" | "errors">;

let parts: Parts | undefined;

/**
 * Not imported, because a resumed run may open no connection. With `fetch`, WebSocket and its mock, undici takes 0.2 s of CPU to load; these
 * files of it take 0.04 s. It does not promise where they are: where one is missing, all of undici is loaded.
 */
export function loadUndici(): Parts {
  return (parts ??= loadParts() ?? loadWholeUndici());
}

/** With what is added to its clients when all of it is loaded: `connect()`, which makes tunnels. */
export function loadWholeUndici(): Undici {
  return require("undici");
}

function loadParts(): Parts | undefined {
  try {
    return {
      Client: require("undici/lib/dispatcher/client.js"),
      buildConnector: require("undici/lib/core/connect.js"),
      errors: require("undici/lib/core/errors.js"),
    };
  } catch {
    return undefined;
  }
}
