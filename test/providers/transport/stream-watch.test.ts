import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createStreamTimes, StreamWatch } from "../../../src/providers/transport/stream-watch.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

function watch(times = createStreamTimes(60_000)): { watch: StreamWatch; silences: number[] } {
  const silences: number[] = [];
  const watched = new StreamWatch(times, () => {
    silences.push(performance.now());
    watched.end();
  });
  return { watch: watched, silences };
}

describe("a stream that is watched", () => {
  it("may last as long as it is never silent for too long", () => {
    const { watch: watched, silences } = watch();
    const begunAt = performance.now();
    for (let second = 0; second < 600; second += 50) {
      vi.advanceTimersByTime(50_000);
      watched.heard(false);
    }
    expect(silences).toEqual([]);
    vi.advanceTimersByTime(59_999);
    expect(silences).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(silences.map((at) => at - begunAt)).toEqual([660_000]);
  });

  it("is not waited for once it is over, whatever still comes", () => {
    const { watch: watched, silences } = watch();
    watched.heard(true);
    for (let times = 0; times < 10; times += 1) {
      vi.advanceTimersByTime(100);
      watched.heard(true);
    }
    expect(silences).toHaveLength(1);
  });

  it("has its own time, whichever others there are", () => {
    const times = createStreamTimes(60_000);
    const a = watch(times);
    vi.advanceTimersByTime(30_000);
    const b = watch(times);
    a.watch.heard(false);
    b.watch.end();
    vi.advanceTimersByTime(60_000);
    expect([a.silences.length, b.silences.length]).toEqual([1, 0]);
  });
});
