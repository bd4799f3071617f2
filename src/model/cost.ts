/** What one attempt is expected to take from a provider's limits, reserved before it is sent. Money is `costUsd`, elsewhere. */
export interface Cost {
  /** Tokens counted against tokens per minute. A whole number, 0 or more. */
  readonly tokens: number;
}
