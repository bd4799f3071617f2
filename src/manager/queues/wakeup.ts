/** Lets loops sleep until something happens. After each wakeup a loop checks again what it waits for. */
export class Wakeup {
  #promise: Promise<void> | undefined;
  #resolve: (() => void) | undefined;

  wait(): Promise<void> {
    this.#promise ??= new Promise((resolve) => {
      this.#resolve = resolve;
    });
    return this.#promise;
  }

  fire(): void {
    if (this.#promise === undefined) return;
    this.#resolve?.();
    this.#promise = undefined;
  }
}
