/**
 * A bounded number of bytes that requests may hold at a time. Each of two kinds is granted first come, first served, so
 * that a large request can wait but cannot starve; an eighth is kept for small ones, so that they need not wait behind
 * the large ones, whose readers may be slow.
 */
import type { Clock } from '@sion/components';
import { SionError } from '@sion/wire';

interface Waiter {
  readonly bytes: number;
  readonly grant: () => void;
}

/** Requests of up to this share of the whole are small. */
const smallShare = 1 / 1024;
/** This share of the whole is for small requests alone. */
const reservedShare = 1 / 8;

export class ByteBudget {
  readonly totalBytes: number;
  readonly #smallBytes: number;
  readonly #reservedBytes: number;
  #freeBytes: number;
  readonly #small: Waiter[] = [];
  readonly #large: Waiter[] = [];

  constructor(totalBytes: number) {
    this.totalBytes = totalBytes;
    this.#freeBytes = totalBytes;
    this.#smallBytes = Math.floor(totalBytes * smallShare);
    this.#reservedBytes = Math.floor(totalBytes * reservedShare);
  }

  get usedBytes(): number {
    return this.totalBytes - this.#freeBytes;
  }

  /** Takes `bytes` now if they are free and nobody waits. What was taken is given back with {@link release}. */
  tryAcquire(bytes: number): boolean {
    if (this.#waitersLike(bytes).length > 0 || bytes > this.#freeFor(bytes)) return false;
    this.#freeBytes -= bytes;
    return true;
  }

  /** Takes `bytes`, waiting for its turn; rejects with the signal's reason, holding nothing, when that aborts first. */
  acquire(bytes: number, signal?: AbortSignal): Promise<void> {
    const limitBytes = this.totalBytes - (bytes > this.#smallBytes ? this.#reservedBytes : 0);
    if (bytes > limitBytes) {
      const message = `a request needs ${bytes} bytes of proxy memory, the limit is ${limitBytes}; raise SION_BODY_MEMORY_BYTES`;
      return Promise.reject(new SionError('capacity', message));
    }
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.tryAcquire(bytes)) return Promise.resolve();
    const waiters = this.#waitersLike(bytes);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        bytes,
        grant: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = () => {
        waiters.splice(waiters.indexOf(waiter), 1);
        this.#grantWaiting();
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      waiters.push(waiter);
    });
  }

  /** Takes `bytes` within `patienceMs`; false, holding nothing, when that time or the signal ended the wait. */
  async acquireWithin(bytes: number, patienceMs: number, clock: Clock, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return false;
    if (this.tryAcquire(bytes)) return true;
    const end = new AbortController();
    const giveUp = () => end.abort();
    const timer = clock.after(patienceMs, giveUp);
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      await this.acquire(bytes, end.signal);
      return true;
    } catch {
      return false;
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', giveUp);
    }
  }

  release(bytes: number): void {
    this.#freeBytes += bytes;
    this.#grantWaiting();
  }

  #waitersLike(bytes: number): Waiter[] {
    return bytes > this.#smallBytes ? this.#large : this.#small;
  }

  #freeFor(bytes: number): number {
    return bytes > this.#smallBytes ? this.#freeBytes - this.#reservedBytes : this.#freeBytes;
  }

  #grantWaiting(): void {
    for (const waiters of [this.#small, this.#large]) {
      for (let next = waiters[0]; next !== undefined && next.bytes <= this.#freeFor(next.bytes); next = waiters[0]) {
        waiters.shift();
        this.#freeBytes -= next.bytes;
        next.grant();
      }
    }
  }
}
