/** What the user wants, opened: the door of this room. */
export { limitsOf, openCache } from "./create-manager.ts";
export { mockName, openPlaces, openProvider, type Opening } from "./open-provider.ts";
export { baseUrlFromEnvironment, valueOf } from "./preset-settings.ts";
