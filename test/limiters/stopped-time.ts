import { afterEach, beforeEach, vi } from "vitest";

/** In each test of the file time stands still, but for what the test makes of it. */
export function stopTime(): void {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
}
