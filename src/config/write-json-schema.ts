import { writeFileSync } from "node:fs";
import { configJsonSchema } from "./json-schema.ts";

// A step of the build: the schema stands beside the code that it is made of.
writeFileSync(new URL("../llmbatch.schema.json", import.meta.url), `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
