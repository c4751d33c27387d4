/** Notices that the proxy has fallen silent. It is told of everything that is heard and calls once when that ceases. */
import type { Clock, Timer } from '@sion/components';

export class SilenceWatch {
  readonly #clock: Clock;
  readonly #onSilent: () => void;
  #limitMs = Number.POSITIVE_INFINITY;
  #heardMs: number;
  #timer: Timer | undefined;

  constructor(clock: Clock, onSilent: () => void) {
    this.#clock = clock;
    this.#onSilent = onSilent;
    this.#heardMs = clock.monotonicMs();
  }

  /** Something arrived. */
  heard(): void {
    this.#heardMs = this.#clock.monotonicMs();
  }

  /** From now on, `limitMs` without a sound are too many. */
  start(limitMs: number): void {
    this.#limitMs = limitMs;
    this.heard();
    this.#watch(limitMs, false);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #watch(delayMs: number, lastLook: boolean): void {
    this.stop();
    this.#timer = this.#clock.after(delayMs, () => {
      const leftMs = this.#limitMs - (this.#clock.monotonicMs() - this.#heardMs);
      if (leftMs > 0) this.#watch(leftMs, false);
      else if (lastLook) this.#onSilent();
      // After a stall of this process the timer runs before what arrived meanwhile is read: let it be read first.
      else this.#watch(0, true);
    });
  }
}
