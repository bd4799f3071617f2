import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Sample, studentFactor } from "../../src/estimation/sample.ts";

test("the mean and the deviation are those of the numbers", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 2, maxLength: 50 }), (numbers) => {
      const sample = new Sample();
      for (const number of numbers) sample.add(number);
      const mean = numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
      const variance = numbers.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (numbers.length - 1);
      expect(sample.mean).toBeCloseTo(mean, 3);
      expect(sample.deviation ** 2 / (variance || 1)).toBeCloseTo(variance === 0 ? 0 : 1, 6);
    }),
  );
});

/** Two-sided 95 % (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2). */
test.each([
  [3, 3.182],
  [4, 2.776],
  [9, 2.262],
  [30, 2.042],
  [100, 1.984],
])("with %i degrees of freedom 95 %% lie within %f deviations", (degrees, factor) => {
  expect(Math.abs(studentFactor(degrees) / factor - 1)).toBeLessThan(0.02);
});
