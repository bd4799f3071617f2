import { defineConfig } from "rolldown";

// zod is 96 files, most of them messages in other languages.
const forNode = { platform: "node", external: /^(?!zod$)[^./]/, transform: { target: "node20.19" } };

export default defineConfig([
  {
    ...forNode,
    input: { index: "src/index.ts", "cli/main": "src/cli/main.ts" },
    // As deep as `cli/`: from there, too, `package.json` is two folders up.
    output: { dir: "dist", chunkFileNames: "chunks/[name].js", keepNames: true },
  },
  // A file for each of `src/`, for tests and benchmarks that start a process of a part.
  {
    ...forNode,
    external: /^[^./]/,
    input: ["src/index.ts", "src/cli/main.ts", "src/config/write-json-schema.ts"],
    treeshake: false,
    output: { dir: "build", preserveModules: true, preserveModulesRoot: "src" },
  },
]);
