/** Closes what was opened, last first, also when opening the next thing fails. */
export class CleanupStack {
  readonly #cleanups: (() => Promise<void> | void)[] = [];

  add(close: () => Promise<void> | void): void {
    this.#cleanups.push(close);
  }

  /** Closes everything; the first error is thrown once all had their turn. */
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
