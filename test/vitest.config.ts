import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["**/*.test.ts", "trials/*.trial.ts"],
    globalSetup: ["support/build.ts"],
    provide: { trialSize: "small" },
    // Against hanging only: a process that starts in 0.4 s takes ten times that beside busy loops.
    testTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    maxWorkers: 4, // on two cores: a worker waits half of its time
    // One process for all files of a worker: to start one for each, and to load what they share again, took a third of the whole.
    isolate: false,
    // V8 optimizes later: most of what runs here runs a few times, and optimizing it took a quarter of each worker's CPU. Node 22 has no such flag.
    execArgv: process.version.startsWith("v20.") ? ["--interrupt-budget=500000"] : [],
    restoreMocks: true,
    coverage: { allowExternal: true, include: ["**/src/**/*.ts"], reportsDirectory: "../coverage", reporter: ["text", "html"] },
  },
});
