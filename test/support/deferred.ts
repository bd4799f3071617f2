/** A promise that a test settles itself. */
export function deferred<Value>(): { promise: Promise<Value>; resolve: (value: Value) => void } {
  const box: { resolve?: (value: Value) => void } = {};
  const promise = new Promise<Value>((resolve) => {
    box.resolve = resolve;
  });
  return { promise, resolve: (value) => box.resolve?.(value) };
}
