/**
 * A bounded number of bytes that requests may hold at a time, granted first come, first served, so that a large request
 * can wait but cannot starve.
 */
import { SionError } from '@sion/wire';

interface Waiter {
  readonly bytes: number;
  readonly grant: () => void;
}

export class ByteBudget {
  readonly totalBytes: number;
  #freeBytes: number;
  readonly #waiters: Waiter[] = [];

  constructor(totalBytes: number) {
    this.totalBytes = totalBytes;
    this.#freeBytes = totalBytes;
  }

  get usedBytes(): number {
    return this.totalBytes - this.#freeBytes;
  }

  /** Takes `bytes` now if they are free and nobody waits. What was taken is given back with {@link release}. */
  tryAcquire(bytes: number): boolean {
    if (this.#waiters.length > 0 || bytes > this.#freeBytes) return false;
    this.#freeBytes -= bytes;
    return true;
  }

  /** Takes `bytes`, waiting for its turn; rejects with the signal's reason, holding nothing, when that aborts first. */
  acquire(bytes: number, signal?: AbortSignal): Promise<void> {
    if (bytes > this.totalBytes) {
      const message = `a request needs ${bytes} bytes of proxy memory, the limit is ${this.totalBytes}; raise SION_BODY_MEMORY_BYTES`;
      return Promise.reject(new SionError('capacity', message));
    }
    if (this.tryAcquire(bytes)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const waiter: Waiter = {
        bytes,
        grant: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      const onAbort = () => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        this.#grantWaiting();
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiters.push(waiter);
    });
  }

  release(bytes: number): void {
    this.#freeBytes += bytes;
    this.#grantWaiting();
  }

  #grantWaiting(): void {
    for (let next = this.#waiters[0]; next !== undefined && next.bytes <= this.#freeBytes; next = this.#waiters[0]) {
      this.#waiters.shift();
      this.#freeBytes -= next.bytes;
      next.grant();
    }
  }
}
