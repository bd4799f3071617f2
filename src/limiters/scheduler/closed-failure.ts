import type { Closure, Failure } from "../../model/failure.ts";

/** Of a request whose targets all reject requests for longer than it may wait. Asking again does not help before they open. */
export function closedFailure(rejection: Failure, closure: Closure, maxWaitMs: number): Failure {
  const why = `no request gets through for ${seconds(closure.forMs + closure.opensInMs)}, and --max-wait allows ${seconds(maxWaitMs)}`;
  return { ...rejection, message: `${rejection.message} (${why})`, retryable: false, closure };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}
