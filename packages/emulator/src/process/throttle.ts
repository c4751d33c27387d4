/**
 * Lets an instance's bytes pass at the pace of its network bucket, and none while the instance is frozen. Whatever waits
 * passes in the order in which it came.
 */
import type { Clock } from '@sion/components';
import type { NetworkBucket } from '../model/network-bucket.ts';

/** What is this close is passed at once: a timer takes a millisecond or two, and would slow a fast line down. */
const grainMs = 4;

export class Throttle {
  bucket: NetworkBucket;
  readonly #clock: Clock;
  /** What would have passed, but for the freeze. */
  readonly #held: (() => void)[] = [];
  #isFrozen = false;
  #isClosed = false;

  constructor(bucket: NetworkBucket, clock: Clock) {
    this.bucket = bucket;
    this.#clock = clock;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** Books the bytes and calls `then` when they may pass: at once where nothing holds them, never after `close`. */
  pass(bytes: number, then: () => void): void {
    const waitMs = this.bucket.take(this.#clock.monotonicMs(), bytes);
    if (waitMs <= grainMs) this.#let(then);
    else this.#clock.after(waitMs, () => this.#let(then));
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const then of this.#held.splice(0)) then();
  }

  close(): void {
    this.#isClosed = true;
    this.#held.length = 0;
  }

  #let(then: () => void): void {
    if (this.#isClosed) return;
    if (this.#isFrozen) this.#held.push(then);
    else then();
  }
}
