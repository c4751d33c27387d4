/**
 * A clock for a store under test that never grows impatient by itself: its long timers fire when the test finds that an
 * answer will never come, its short ones at once. So no result depends on how busy the machine is.
 */
import { type Clock, systemClock, type Timer } from '@sion/components';

export class TestPatience implements Clock {
  readonly #longMs: number;
  readonly #waiting = new Set<() => void>();

  /** Timers from `longMs` on wait for {@link expire}. */
  constructor(longMs: number) {
    this.#longMs = longMs;
  }

  monotonicMs(): number {
    return systemClock.monotonicMs();
  }

  wallMs(): number {
    return systemClock.wallMs();
  }

  after(delayMs: number, fire: () => void): Timer {
    if (delayMs < this.#longMs) return systemClock.after(0, fire);
    this.#waiting.add(fire);
    return { cancel: () => void this.#waiting.delete(fire) };
  }

  /** The time of everybody who waits is over. */
  expire(): void {
    for (const fire of [...this.#waiting]) {
      this.#waiting.delete(fire);
      fire();
    }
  }

  /** Again and again until the condition holds. */
  expireUntil(isOver: () => boolean): void {
    if (isOver()) return;
    this.expire();
    setImmediate(() => this.expireUntil(isOver));
  }
}
