/** The door of this room: what models cost. */
export type { PriceBook, PricedModel } from "./price-book.ts";
