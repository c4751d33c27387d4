/**
 * Time, as the rest of SION may know it. Everything outside this package asks a `Clock`, so that the same code runs
 * under wall time and under a virtual clock. It never exposes `Date` objects.
 */
export interface Clock {
  /** Milliseconds, fractional, that never go back; the origin means nothing. For durations, deadlines and the lease. */
  monotonicMs(): number;
  /** Milliseconds since the Unix epoch, whole; may jump either way. For expiry times and people. */
  wallMs(): number;
  /** Runs `fire` once, `delayMs` from now (at the next turn when ≤ 0), unless cancelled before. */
  after(delayMs: number, fire: () => void): Timer;
}

/** A pending call of {@link Clock.after}. Cancelling twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

/** Resolves `delayMs` from now; rejects with the signal's reason when that aborts first. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
