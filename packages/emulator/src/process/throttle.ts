/**
 * Lets an instance's bytes pass at the pace of its network bucket, and none while the instance is frozen. Connections share
 * it as packets do where queueing is fair: what waits passes in the order in which it came, a slice at a time, and what is no
 * longer than a packet does not wait behind the slices of others. It is paid for all the same, and they wait for longer.
 */
import type { Clock } from '@sion/components';
import type { NetworkBucket } from '../model/network-bucket.ts';

/** What is this close is passed at once: a timer takes a millisecond or two, and would slow a fast line down. */
const grainMs = 4;

/** What an Ethernet frame carries. */
const packetBytes = 1500;
/** Shorter ones cost more than they are worth. */
const leastSliceBytes = 16 * 1024;

/** With so much booked, packets wait as well: an instance that sends nothing else has the pace of its bucket. */
const packetPatienceMs = 20;

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

  /** What may be booked at once: about what is passed at once. */
  get sliceBytes(): number {
    return Math.max(leastSliceBytes, grainMs * this.bucket.pieceBytes);
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** Books the bytes and calls `then` when they may pass: at once where nothing holds them, never after `close`. */
  pass(bytes: number, then: () => void): void {
    const waitMs = this.bucket.take(this.#clock.monotonicMs(), bytes);
    const isPacket = bytes <= packetBytes && waitMs <= packetPatienceMs;
    if (waitMs <= grainMs || isPacket) this.#let(then);
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
