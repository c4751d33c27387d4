/**
 * The lanes of one target: opened as they are needed up to a bound, and reused. Who finds none free waits in turn. A lane on
 * which a request failed is closed and forgotten: nobody knows what is still on its way there.
 */
import type { Lane, Target } from '../target.ts';

export class Lanes {
  readonly #target: Target;
  readonly #max: number;
  readonly #free: Lane[] = [];
  readonly #waiters: { readonly resolve: (lane: Lane) => void; readonly reject: (error: unknown) => void }[] = [];
  #open = 0;
  /** The most that were in use at a time. */
  peak = 0;

  constructor(target: Target, max: number) {
    this.#target = target;
    this.#max = max;
  }

  /** Opens so many beforehand, so that no request pays for its connection. */
  async prepare(count: number): Promise<void> {
    const before = this.peak;
    const lanes = await Promise.all(Array.from({ length: Math.min(count, this.#max) }, () => this.take()));
    for (const lane of lanes) this.giveBack(lane);
    this.peak = before;
  }

  /** Rejects when a lane had to be opened and could not. */
  async take(): Promise<Lane> {
    const free = this.#free.pop();
    if (free === undefined && this.#open >= this.#max) {
      return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
    }
    if (free !== undefined) {
      this.#notePeak();
      return free;
    }
    return this.#openOne();
  }

  giveBack(lane: Lane): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#free.push(lane);
    else waiter.resolve(lane);
  }

  /** In place of {@link giveBack}, after a failure. */
  discard(lane: Lane): void {
    this.#open--;
    void lane.close().catch(() => {});
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) this.#openOne().then(waiter.resolve, waiter.reject);
  }

  async close(): Promise<void> {
    await Promise.all(this.#free.splice(0).map((lane) => lane.close().catch(() => {})));
  }

  async #openOne(): Promise<Lane> {
    this.#open++;
    this.#notePeak();
    try {
      return await this.#target.openLane();
    } catch (error) {
      this.#open--;
      const waiter = this.#waiters.shift();
      if (waiter !== undefined) waiter.reject(error);
      throw error;
    }
  }

  #notePeak(): void {
    this.peak = Math.max(this.peak, this.#open - this.#free.length);
  }
}
