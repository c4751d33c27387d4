/** One node's timers, by name: setting one again replaces it. */
import type { Clock, Timer } from '@sion/components';

/**
 * `open`: both hellos must be in · `linger`: no request has come · `age`: the session is old enough · `return`: the
 * invocation should have returned · `retry`: the backoff is over.
 */
export type TimerName = 'open' | 'linger' | 'age' | 'return' | 'retry';

export class NodeTimers {
  readonly #clock: Clock;
  readonly #timers = new Map<TimerName, Timer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isSet(name: TimerName): boolean {
    return this.#timers.has(name);
  }

  set(name: TimerName, delayMs: number, fire: () => void): void {
    this.cancel(name);
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(name);
      fire();
    });
    this.#timers.set(name, timer);
  }

  cancel(...names: readonly TimerName[]): void {
    for (const name of names) {
      this.#timers.get(name)?.cancel();
      this.#timers.delete(name);
    }
  }
}
