/**
 * The world as the client needs it: time, timers, chance. This file alone reaches for them, so that everything else runs
 * in tests under a clock that the test moves. The published package depends on no part of SION, hence not on its clock.
 */

/** A started timer. */
export interface Timer {
  cancel(): void;
}

/** Time, timers and chance. */
export interface System {
  /** Milliseconds since the Unix epoch; may jump. */
  wallMs(): number;
  /** Milliseconds of a clock that only goes forward. */
  monotonicMs(): number;
  /** Calls once after that many milliseconds. Keeps the process alive. */
  after(ms: number, run: () => void): Timer;
  /** From 0 to below 1. */
  random(): number;
}

/** The real ones. */
export const realSystem: System = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(ms, run) {
    // What Node cannot wait for it would not wait for at all.
    const timer = setTimeout(run, Math.min(ms, 2 ** 31 - 1));
    return { cancel: () => clearTimeout(timer) };
  },
  random: () => Math.random(),
};

/** A moment as users know it, from a text of HTTP or of ISO 8601, or from milliseconds since the Unix epoch. */
export function dateOf(moment: string | number): Date {
  return new Date(moment);
}

/** Milliseconds since the Unix epoch. */
export function momentMs(moment: Date | number): number {
  return moment instanceof Date ? moment.getTime() : moment;
}
