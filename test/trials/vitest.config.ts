import { defineConfig } from "vitest/config";

/** `npm run trials`: at full size, one after the other, each with its printed figures. `npm test` runs the same files in small. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["*.trial.ts"],
    globalSetup: ["../support/build.ts"],
    provide: { trialSize: "full" },
    testTimeout: 40 * 60_000, // it ends what hangs; at a load of 10, 200 deaths take more than ten minutes
    expect: { poll: { timeout: 60_000 } },
    fileParallelism: false,
    disableConsoleIntercept: true,
    reporters: ["verbose"],
  },
});
