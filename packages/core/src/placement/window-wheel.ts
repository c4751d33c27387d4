/**
 * The wheel of windows: time cut into intervals, each a window with a number. New data belongs to the newest one; the
 * last M are active, the N before them degraded, and older ones are due for release (the paper's GC-buckets). Only numbers
 * and times: what lies in a window is the placement's business.
 *
 *     age in windows   0 … M−1     M … M+N−1    from M+N
 *     state            active      degraded     released
 */

export type WindowState = 'active' | 'degraded' | 'released';

export interface WindowPolicy {
  /** Length of a window, milliseconds. */
  readonly intervalMs: number;
  /** M: windows whose nodes are kept warm and whose losses are recovered. */
  readonly activeWindows: number;
  /** N: windows after those whose nodes are touched now and then. */
  readonly degradedWindows: number;
}

/** The paper's choice for the registry's workload. */
export const defaultWindowPolicy: WindowPolicy = { intervalMs: 600_000, activeWindows: 6, degradedWindows: 12 };

export class WindowWheel {
  readonly policy: WindowPolicy;
  #newest = 0;
  #openedMs: number;

  /** Throws `RangeError` for a policy without an active window or an interval. `nowMs` on whatever clock {@link turn} is given. */
  constructor(policy: WindowPolicy, nowMs: number) {
    const { intervalMs, activeWindows, degradedWindows } = policy;
    if (!(intervalMs > 0)) throw new RangeError(`a window must be longer than ${intervalMs} ms`);
    if (!Number.isInteger(activeWindows) || activeWindows < 1) throw new RangeError('at least 1 window must be active');
    if (!Number.isInteger(degradedWindows) || degradedWindows < 0)
      throw new RangeError(`${degradedWindows} is no number of degraded windows`);
    this.policy = policy;
    this.#openedMs = nowMs;
  }

  /** The number of the newest window. */
  get newest(): number {
    return this.#newest;
  }

  /** How long data stays after its last touch. */
  get horizonMs(): number {
    const { intervalMs, activeWindows, degradedWindows } = this.policy;
    return intervalMs * (activeWindows + degradedWindows);
  }

  /** When the next window opens. */
  get nextTurnMs(): number {
    return this.#openedMs + this.policy.intervalMs;
  }

  /** Opens the windows that are due, however many; gives how many those were. */
  turn(nowMs: number): number {
    const turns = Math.max(0, Math.floor((nowMs - this.#openedMs) / this.policy.intervalMs));
    this.#newest += turns;
    this.#openedMs += turns * this.policy.intervalMs;
    return turns;
  }

  /** When the window ended, or will. */
  endMs(window: number): number {
    return this.#openedMs - (this.#newest - window - 1) * this.policy.intervalMs;
  }

  stateOf(window: number): WindowState {
    const { activeWindows, degradedWindows } = this.policy;
    const age = this.#newest - window;
    if (age < activeWindows) return 'active';
    return age < activeWindows + degradedWindows ? 'degraded' : 'released';
  }

  /** Goes on from where an earlier wheel was: its newest window, and how long that had been open. */
  restore(newest: number, openForMs: number, nowMs: number): void {
    this.#newest = newest;
    this.#openedMs = nowMs - openForMs;
  }

  openForMs(nowMs: number): number {
    return Math.max(0, nowMs - this.#openedMs);
  }
}
