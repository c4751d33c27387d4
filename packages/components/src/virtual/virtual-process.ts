/**
 * A process of a simulated world, as far as the world sees it: it has clocks, it can be paused (SIGSTOP, or a frozen
 * sandbox), and it can be killed at any await. Everything that reaches its code comes through {@link VirtualProcess.soon}:
 * of a paused process it waits, of a dead one it is dropped, so that code of a dead process never runs again.
 */
import type { Clock, Timer } from '../clock.ts';
import type { VirtualTime } from './virtual-time.ts';

export type ProcessState = 'running' | 'paused' | 'dead';

/** What the network of a process carries: its connections, both ways, and what it reads of a store, share it. */
export interface Bandwidth {
  /** What is booked at a time, so that what is short comes in between what is long. */
  readonly pieceBytes: number;
  /** Books so many bytes; gives the milliseconds until they have passed, 0 when they may pass at once. */
  take(nowMs: number, bytes: number): number;
}

export class VirtualProcess {
  readonly name: string;
  readonly time: VirtualTime;
  readonly clock: Clock;
  #state: ProcessState = 'running';
  /** What came while it was paused, in order. */
  #held: (() => void)[] = [];
  #wallOffsetMs: number;
  readonly #onDeath = new Set<() => void>();
  /** Timers that are set; for finding leaks. */
  timers = 0;
  /** Without one its network has no limit of its own. */
  bandwidth: Bandwidth | undefined;
  #countdown: { left: number; readonly strike: () => void } | undefined;

  /** `wallMs`: what its wall clock shows when the world begins. */
  constructor(time: VirtualTime, name: string, wallMs: number) {
    this.time = time;
    this.name = name;
    this.#wallOffsetMs = wallMs;
    this.clock = {
      monotonicMs: () => time.nowMs,
      wallMs: () => Math.floor(time.nowMs + this.#wallOffsetMs),
      after: (delayMs, fire) => this.#setTimer(delayMs, fire),
    };
  }

  get state(): ProcessState {
    return this.#state;
  }

  /** Moves its wall clock; the monotonic one goes on as it did. */
  jumpWallClock(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** Lets `reach` its code `delayMs` from now: at once when it runs then, later when it is paused, never when it is dead. */
  soon(delayMs: number, reach: () => void): void {
    this.time.after(delayMs, () => this.#reach(reach));
  }

  /** What its network takes at a time. */
  get pieceBytes(): number {
    return this.bandwidth?.pieceBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Books bytes of its network; gives the milliseconds until they have passed. */
  carry(bytes: number): number {
    return this.bandwidth?.take(this.time.nowMs, bytes) ?? 0;
  }

  /** The promise as this process sees it: settled through {@link soon}, or never. */
  answer<T>(promise: Promise<T>, delayMs = 0): Promise<T> {
    return new Promise((resolve, reject) => {
      promise.then(
        (value) => this.soon(delayMs, () => resolve(value)),
        (thrown: unknown) => this.soon(delayMs, () => reject(thrown)),
      );
    });
  }

  /** Called when it dies: sockets and the like are the kernel's to close. Gives what takes the call back. */
  whenDead(then: () => void): () => void {
    if (this.#state === 'dead') then();
    else this.#onDeath.add(then);
    return () => this.#onDeath.delete(then);
  }

  /** Lets so many things reach its code, and calls `strike` when the next one is about to; replaces an earlier wish. */
  afterReaches(count: number, strike: () => void): void {
    this.#countdown = { left: count, strike };
  }

  pause(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  /** What came meanwhile reaches it now, in order. */
  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    for (const reach of this.#held.splice(0)) this.soon(0, reach);
  }

  kill(): void {
    if (this.#state === 'dead') return;
    this.#state = 'dead';
    this.#held = [];
    this.timers = 0;
    for (const then of this.#onDeath) then();
    this.#onDeath.clear();
  }

  #reach(reach: () => void): void {
    this.#countDown();
    if (this.#state === 'running') reach();
    else if (this.#state === 'paused') this.#held.push(reach);
  }

  #countDown(): void {
    const countdown = this.#countdown;
    if (countdown === undefined || this.#state !== 'running' || countdown.left-- > 0) return;
    this.#countdown = undefined;
    countdown.strike();
  }

  #setTimer(delayMs: number, fire: () => void): Timer {
    let pending = true;
    this.timers++;
    const over = () => {
      if (pending && this.#state !== 'dead') this.timers--;
      pending = false;
    };
    const entry = this.time.after(delayMs, () =>
      this.#reach(() => {
        if (!pending) return;
        over();
        fire();
      }),
    );
    return {
      cancel: () => {
        entry.cancelled = true;
        over();
      },
    };
  }
}
