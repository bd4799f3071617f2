import { expect, it } from "vitest";
import { loadOptions } from "../../src/config/load-options.ts";
import { Configuration } from "../../src/config/secrets/configuration.ts";

const config = (clients: unknown): Configuration => new Configuration({ clients }, "c.json");

it("clients have tokens in variables that only a server needs, and limits as providers have", () => {
  const { clients } = loadOptions(
    {},
    config({ a: { token: "${A_TOKEN}", limits: ["requests=5/1d"], max_cost: 2, models: ["m"] } }),
    {},
  );
  expect(clients["a"]).toMatchObject({
    limits: [{ unit: "requests", amount: 5, periodMs: 86_400_000 }],
    max_cost: 2,
    models: ["m"],
  });
  expect(JSON.stringify(clients)).not.toContain("TOKEN");
  expect(clients["a"]?.token.reveal({ A_TOKEN: "t" })).toBe("t");
  expect(() => clients["a"]?.token.reveal({}, "clients.a: no token")).toThrow(
    "clients.a: no token: the environment variable A_TOKEN is not set",
  );
});

it.each([
  [{ a: {} }, /clients"\.a\.token: expected a text/],
  [{ a: { token: "$T", wieght: 2 } }, /clients"\.a\.wieght: there is no such option; did you mean "weight"/],
  [{ a: { token: "$T", priority: "high" } }, /clients"\.a\.priority: expected live or batch/],
  [{ a: { token: "$T", limits: ["5"] } }, /clients"\.a\.limits\[0\]: expected a limit such as/],
  [{ "": { token: "$T" } }, /clients"/],
])("a client that cannot be is said so: %o", (clients, message) => {
  expect(() => loadOptions({}, config(clients), {})).toThrow(message);
});

it("a token that is written out is hidden where the configuration is printed", () => {
  const printed = JSON.stringify(config({ a: { token: "secret-token" }, b: { token: "$B_TOKEN" } }));
  expect(printed).not.toContain("secret-token");
  expect(printed).toContain("$B_TOKEN");
});
