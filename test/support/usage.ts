export { noUsage } from "../../src/model/usage.ts";
