import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["**/*.test.ts"],
    globalSetup: ["support/build.ts"],
    testTimeout: 30_000,
    maxWorkers: 2,
  },
});
