/** Closes resources in reverse order, also when opening the next one fails: `AsyncDisposableStack`, which Node 20 lacks. */
export class CleanupStack {
  readonly #cleanups: (() => Promise<void> | void)[] = [];

  defer(close: () => Promise<void> | void): void {
    this.#cleanups.push(close);
  }

  /** Closes all, then throws the first error. */
  async closeAll(): Promise<void> {
    const errors: unknown[] = [];
    for (const close of this.#cleanups.splice(0).toReversed()) {
      try {
        await close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
