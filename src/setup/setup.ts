/** What the user wants, opened: the door of this room. */
export { ConfiguredModel } from "./configured-model.ts";
export { limitsOf, openCache } from "./create-manager.ts";
export { type LoadedProviders, loadProviders, type LoadProvidersOptions } from "./load-providers.ts";
export { mockName, openProviders, type OpenedProviders, type OpenProvidersOptions } from "./open-providers.ts";
export { baseUrlFromEnvironment, valueOf } from "./preset-settings.ts";
