import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["**/*.test.ts", "trials/*.trial.ts"],
    globalSetup: ["support/build.ts"],
    provide: { trialSize: "small" },
    testTimeout: 30_000,
    maxWorkers: 2,
  },
});
