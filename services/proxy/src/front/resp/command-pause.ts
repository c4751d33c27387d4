/**
 * CLIENT PAUSE: for a time, no Redis client's commands begin, or no writes. What runs goes on; HTTP is not concerned. It
 * must never outlast its time, nor be cut short by a later, shorter one.
 */
import type { Clock, Timer } from '@sion/components';
import type { Command } from './command.ts';

/** Which commands wait. */
export type PauseMode = 'write' | 'all';

/** Timers do not reach further; a longer pause is set again. */
const longestTimerMs = 2 ** 31 - 1;

/** See the module. */
export class CommandPause {
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  #mode: PauseMode | undefined;
  #endMs = 0;
  #timer: Timer | undefined;

  /** `onEnd` is called when whatever waits may begin. */
  constructor(clock: Clock, onEnd: () => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  /** Whether a command has to wait. */
  holds({ flags }: Command): boolean {
    if (this.#mode === undefined) return false;
    return this.#mode === 'all' || flags.includes('write');
  }

  /** Begins a pause, or makes one longer and stricter. */
  begin(mode: PauseMode, forMs: number): void {
    this.#mode = this.#mode === 'all' ? 'all' : mode;
    this.#endMs = Math.max(this.#endMs, this.#clock.monotonicMs() + forMs);
    this.#wait();
  }

  end(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#endMs = 0;
    if (this.#mode === undefined) return;
    this.#mode = undefined;
    this.#onEnd();
  }

  #wait(): void {
    this.#timer?.cancel();
    const restMs = this.#endMs - this.#clock.monotonicMs();
    this.#timer = this.#clock.after(Math.min(restMs, longestTimerMs), () => {
      if (this.#clock.monotonicMs() >= this.#endMs) this.end();
      else this.#wait();
    });
  }
}
