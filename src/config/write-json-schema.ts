import { writeFileSync } from "node:fs";
import { configJsonSchema } from "./json-schema.ts";

// A build step, run as `build/config/write-json-schema.js`.
writeFileSync(new URL("../../dist/llmbatch.schema.json", import.meta.url), `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
