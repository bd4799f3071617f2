/** The door of this room: what models cost, and how much they hold. */
export { createPriceBook, type PriceBookOptions } from "./create-price-book.ts";
export type { OwnPrice } from "./own-prices.ts";
export type { PriceBook, PricedModel } from "./price-book.ts";
export { PriceTables } from "./price-tables.ts";
