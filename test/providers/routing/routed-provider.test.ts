import { describe } from "vitest";
import {
  createHttpProvider,
  createRoutedProvider,
  type Provider,
  type RouteStep,
  RouteTarget,
} from "../../../src/providers/providers.ts";
import { providerContract } from "../../contracts/provider.ts";

describe("a routed provider with one target", () => {
  providerContract((url) => route([targetAt(url)]), 30);
});

describe("a routed provider with two targets", () => {
  providerContract((url) => route([targetAt(url), targetAt(url)]), 30);
});

describe("a routed provider with two targets, asked at the second", () => {
  providerContract((url) => {
    const second = targetAt(url);
    return askedAt(second, route([targetAt(url), second]));
  }, 30);
});

function targetAt(url: string): RouteTarget {
  return new RouteTarget("target", createHttpProvider({ name: "test", baseUrl: url }));
}

function route(targets: readonly RouteTarget[]): Provider {
  const steps = targets.map((target): RouteStep => ({ target, model: "m", rank: 0, weight: 1 }));
  return createRoutedProvider({ name: "routed", targets, routeOf: () => steps, onEvicted: () => {} });
}

function askedAt(target: RouteTarget, provider: Provider): Provider {
  return {
    name: provider.name,
    endpoint: (request) => provider.endpoint(request),
    estimate: (request) => provider.estimate(request),
    send: (request, options) => provider.send(request, { ...options, target }),
    close: () => provider.close(),
  };
}
