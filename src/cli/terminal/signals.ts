import { type EndingSignal, endingSignals } from "../exit-codes.ts";

interface SignalWatch {
  /** The first signal, if there was one. */
  readonly received: EndingSignal | undefined;
  stop(): void;
}

/**
 * Handles Ctrl-C, SIGTERM and a closed terminal.
 *
 * @param onFirst Stops the run in an orderly way.
 * @param onSecond Called for each further signal: ends the process at once.
 */
export function watchSignals(onFirst: (signal: EndingSignal) => void, onSecond: (signal: EndingSignal) => void): SignalWatch {
  let received: EndingSignal | undefined;
  const listener = (signal: NodeJS.Signals): void => {
    const ending = endingSignals.find((name) => name === signal);
    if (ending === undefined) return;
    const isFirst = received === undefined;
    received ??= ending;
    if (isFirst) onFirst(ending);
    else onSecond(ending);
  };
  for (const signal of endingSignals) process.on(signal, listener);
  return {
    get received() {
      return received;
    },
    stop() {
      for (const signal of endingSignals) process.off(signal, listener);
    },
  };
}
