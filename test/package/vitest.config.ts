import { defineConfig } from "vitest/config";

/** `npm run test:package`: needs the registry and a minute, so it is not a part of `npm test`; `.ci/run` runs both. */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["*.package.ts"],
    globalSetup: ["./install.ts"],
    testTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    disableConsoleIntercept: true,
    reporters: ["verbose"],
  },
});
