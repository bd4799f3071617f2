import { describe } from "vitest";
import {
  createHttpProvider,
  createRoutedProvider,
  type Place,
  type Provider,
  type Stop,
} from "../../../src/providers/providers.ts";
import { providerContract } from "../../contracts/provider.ts";

describe("a routed provider with one place", () => {
  providerContract((url) => route([placeAt(url)]), 30);
});

describe("a routed provider with two places", () => {
  providerContract((url) => route([placeAt(url), placeAt(url)]), 30);
});

describe("a routed provider with two places, asked at the second", () => {
  providerContract((url) => askedAt(1, route([placeAt(url), placeAt(url)])), 30);
});

function placeAt(url: string): Place {
  return { name: "place", provider: createHttpProvider({ name: "test", baseUrl: url }) };
}

function route(places: readonly Place[]): Provider {
  const stops = places.map((_, place): Stop => ({ place, model: "m", rank: 0, weight: 1 }));
  return createRoutedProvider({ name: "routed", places, routeOf: () => stops, onEvicted: () => {} });
}

function askedAt(target: number, provider: Provider): Provider {
  return {
    name: provider.name,
    endpoint: (request) => provider.endpoint(request),
    estimate: (request) => provider.estimate(request),
    send: (request, options) => provider.send(request, { ...options, target }),
    close: () => provider.close(),
  };
}
