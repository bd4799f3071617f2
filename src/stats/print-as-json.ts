import { inspect } from "node:util";

interface Serialisable {
  toJSON(): unknown;
}

/** Shows a class's objects as what they are in JSON. Inside a class, `isolatedDeclarations` cannot write down the name of such a method. */
export function printAsJson(prototype: Serialisable): void {
  Object.defineProperty(prototype, inspect.custom, {
    value(this: Serialisable): unknown {
      return this.toJSON();
    },
  });
}
