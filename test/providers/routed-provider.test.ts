import { describe } from "vitest";
import { createHttpProvider, createRoutedProvider } from "../../src/providers/provider.ts";
import { providerContract } from "../contracts/provider.ts";

describe("a routed provider", () => {
  providerContract((url) => {
    const provider = createHttpProvider({ name: "house", baseUrl: `${url}/v1` });
    const stop = { place: 0, model: "m", rank: 0, weight: 1 };
    return createRoutedProvider({
      name: "all",
      places: [{ name: "house", provider }],
      routeOf: () => [stop],
      onEvicted: () => {},
    });
  });
});
