/** The door of this room: options and configuration become providers, a cache and a manager's options. */
export { configuredSecrets } from "./configured-secrets.ts";
export { APIKeyPool } from "./api-key-pool.ts";
export { createProvider, type CreateProviderOptions } from "./create-provider.ts";
export { createRoutedProvider, type CreateRoutedProviderOptions, type Route } from "./create-routed-provider.ts";
export { describeProviders } from "./describe-providers.ts";
export { ConfiguredModel } from "./configured-model.ts";
export { Configuration, type ConfigurationContent } from "../config/secrets/configuration.ts";
export { openCache, openCacheForReading, openDisk, openLiveCache, openShared } from "./open-cache.ts";
export { limitsOf, rateLimitsOf } from "./manager-options.ts";
export { openConfiguredPrices, openPrices, type OpenPricesOptions } from "./open-prices.ts";
export { type LoadedProviders, loadProviders, type LoadProvidersOptions } from "./load-providers.ts";
export { checkServes, givingWay, mockName, openProviders, type OpenedProviders } from "./open-providers.ts";
export { baseUrlFromEnvironment, valueOf } from "./preset-settings.ts";
