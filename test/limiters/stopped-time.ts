import { afterEach, beforeAll, beforeEach, vi } from "vitest";
import { Grants } from "../../src/limiters/grants.ts";

/** In each test of the file time stands still, but for what the test makes of it. */
export function stopTime(): void {
  // Bottleneck is loaded when it is first needed, and loading takes real time.
  beforeAll(() => new Grants().ask(1));
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
}
