import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** Not imported, because it takes 0.15 s of CPU that is of no use until the first connection is opened: a resumed run may open none. */
export function loadUndici(): typeof import("undici") {
  return require("undici");
}
