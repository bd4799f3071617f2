/** One figure per minute and how it is kept: what may be taken now, and when more may be. */
export interface Allowance {
  readonly perMinute: number;
  /** The largest whole cost that may be taken now. */
  available(): number;
  /** How long until `cost` may be taken; 0 if now. A cost that never fits may be taken when nothing else is. */
  waitMs(cost: number): number;
  /** Takes `cost`, or with a negative one puts back what was not needed. */
  take(cost: number): void;
  /** How long until everything is there again. */
  fullInMs(): number;
}
