/** A clock that stands still until a test moves it, for deadlines that a test wants to see pass. */
import type { Clock, Timer } from '@sion/components';

export interface ManualClock extends Clock {
  /** Moves both clocks on and fires what is due, in order of time. */
  advance(ms: number): void;
  /** Time passes while this process stands still: what was due fires late, all at the end. */
  stall(ms: number): void;
  /** Moves on to the next timer and fires it; false when none waits. */
  fireNext(): boolean;
  /** Timers that wait. */
  pendingTimers(): number;
}

export function createManualClock(startWallMs = 1_700_000_000_000): ManualClock {
  const timers = new Set<{ readonly dueMs: number; readonly fire: () => void }>();
  let passedMs = 0;
  const clock: ManualClock = {
    monotonicMs: () => passedMs,
    wallMs: () => Math.floor(startWallMs + passedMs),
    after(delayMs, fire): Timer {
      const timer = { dueMs: passedMs + Math.max(0, delayMs), fire };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    advance(ms) {
      const untilMs = passedMs + ms;
      for (;;) {
        const due = [...timers].filter((timer) => timer.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0];
        if (due === undefined) break;
        timers.delete(due);
        passedMs = Math.max(passedMs, due.dueMs);
        due.fire();
      }
      passedMs = untilMs;
    },
    fireNext() {
      let next: { readonly dueMs: number; readonly fire: () => void } | undefined;
      for (const timer of timers) if (next === undefined || timer.dueMs < next.dueMs) next = timer;
      if (next === undefined) return false;
      timers.delete(next);
      passedMs = Math.max(passedMs, next.dueMs);
      next.fire();
      return true;
    },
    stall(ms) {
      passedMs += ms;
      clock.advance(0);
    },
    pendingTimers: () => timers.size,
  };
  return clock;
}
