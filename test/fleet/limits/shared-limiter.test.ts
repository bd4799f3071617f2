import { afterAll, beforeAll, describe } from "vitest";
import { createLimiter, type Limiter } from "../../../src/limiters/limiters.ts";
import { minuteMs, type RateLimit } from "../../../src/model/rate-limit.ts";
import { describeOwnLimiter } from "../../contracts/limiter.ts";
import { noRedis, RedisServer } from "../../support/redis-server.ts";
import { connected, sharedOn } from "./shared.ts";

const limits: readonly RateLimit[] = [
  { unit: "requests", amount: 6_000_000, periodMs: minuteMs },
  { unit: "tokens", amount: 60_000_000, periodMs: minuteMs },
];

describe.skipIf(noRedis !== undefined)(`a limiter with shared limits ${noRedis ?? ""}`, () => {
  let server: RedisServer | undefined;
  let limiters = 0;
  beforeAll(async () => void (server = await RedisServer.startForAll()));
  afterAll(() => server?.kill());

  function make(set: readonly RateLimit[]): Limiter {
    if (server === undefined) throw new Error("it is started before");
    return createLimiter({ concurrency: 4, limits: set, sharedLimits: sharedOn(connected(server), `test${(limiters += 1)}:`) });
  }

  describeOwnLimiter("pauses alone are shared", () => make([]));
  describeOwnLimiter("all limits are shared", () => make(limits));
});
