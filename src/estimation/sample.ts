/** Numbers that were seen: how many, their mean and how they vary (Welford's method, which does not lose digits). */
export class Sample {
  count = 0;
  mean = 0;
  #squares = 0;

  add(value: number): void {
    this.count += 1;
    const before = value - this.mean;
    this.mean += before / this.count;
    this.#squares += before * (value - this.mean);
  }

  get deviation(): number {
    return this.count < 2 ? 0 : Math.sqrt(this.#squares / (this.count - 1));
  }

  /** How far the mean of `count` more numbers may be from the mean of these, 19 times of 20. */
  reach(count: number): number {
    return studentFactor(this.count - 1) * this.deviation * Math.sqrt(1 / count + 1 / this.count);
  }
}

/** Of Student's distribution: 95 % lie within so many deviations. Within 2 % of the tables from 3 degrees on. */
export function studentFactor(degrees: number): number {
  return degrees < 1 ? 12.7 : 1.96 + 2.37 / degrees + 2.82 / degrees ** 2 + 5.5 / degrees ** 4;
}
