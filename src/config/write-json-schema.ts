import { writeFileSync } from "node:fs";
import { configJsonSchema } from "./json-schema.ts";

// A build step.
writeFileSync(new URL("../llmbatch.schema.json", import.meta.url), `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
