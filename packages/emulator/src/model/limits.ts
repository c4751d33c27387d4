/**
 * The two limiters of the model: how many events a sliding window has seen, and how many tokens a bucket still holds.
 * They know no clock: the caller passes the time, which never goes back.
 */

/** Counts what happened within the last `windowMs`. */
export class SlidingWindow {
  readonly #windowMs: number;
  #times: number[] = [];
  #head = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Books one event. */
  record(nowMs: number): void {
    this.#times.push(nowMs);
  }

  /** Events in (now − window, now]. */
  count(nowMs: number): number {
    this.#forget(nowMs);
    return this.#times.length - this.#head;
  }

  /** How long until fewer than `limit` are left in the window; 0 when that is so already. */
  freeInMs(nowMs: number, limit: number): number {
    const excess = this.count(nowMs) - limit;
    if (excess < 0) return 0;
    const last = this.#times[this.#head + excess];
    return last === undefined ? this.#windowMs : last + this.#windowMs - nowMs;
  }

  #forget(nowMs: number): void {
    const times = this.#times;
    while (this.#head < times.length && (times[this.#head] ?? 0) <= nowMs - this.#windowMs) this.#head += 1;
    if (this.#head > 1024 && this.#head * 2 > times.length) {
      this.#times = times.slice(this.#head);
      this.#head = 0;
    }
  }
}

/** A token bucket that starts full and is refilled continuously, `capacity` tokens in `refillMs`. */
export class TokenBucket {
  readonly #capacity: number;
  readonly #perMs: number;
  #tokens: number;
  #atMs: number | undefined;

  constructor(capacity: number, refillMs: number) {
    this.#capacity = capacity;
    this.#perMs = capacity / refillMs;
    this.#tokens = capacity;
  }

  /** Takes one token if there is one. */
  take(nowMs: number): boolean {
    this.#refill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** How long until there is a token; 0 when there is one. */
  freeInMs(nowMs: number): number {
    this.#refill(nowMs);
    return this.#tokens >= 1 ? 0 : (1 - this.#tokens) / this.#perMs;
  }

  #refill(nowMs: number): void {
    const elapsedMs = nowMs - (this.#atMs ?? nowMs);
    this.#atMs = nowMs;
    this.#tokens = Math.min(this.#capacity, this.#tokens + elapsedMs * this.#perMs);
  }
}
