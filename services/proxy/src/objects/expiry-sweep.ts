/**
 * The sweep: expired keys leave the store. Those that are known to expire are taken when they are due; of the others a page
 * of the store's listing is looked through now and then. What it finds is removed in the key's own turn, by whoever has that.
 */
import type { Clock, Log, Store, Timer } from '@sion/components';
import { ExpiryIndex, isExpired, keyOfName } from '@sion/core';
import { asSionError } from '@sion/wire';
import type { Key } from './objects.ts';
import type { LeaseProof } from './writes.ts';

export interface ExpirySweepParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly lease: LeaseProof;
  readonly store: Store;
  /** Known expiries, at most. */
  readonly maxKeys: number;
  readonly sweepMs: number;
  readonly listSweepMs: number;
  /** Lets the key's next turn delete it, in the background. */
  readonly onExpired: (key: Key) => void;
}

/** Keys that one sweep looks at, and names that one page of the store's listing has. */
const sweepLimit = 1000;

export class ExpirySweep {
  readonly #parts: ExpirySweepParts;
  readonly #expiries: ExpiryIndex;
  #timer: Timer | undefined;
  #sweeping: Promise<void> = Promise.resolve();
  #after: string | undefined;
  #listedMs = 0;
  #isStopped = false;

  constructor(parts: ExpirySweepParts) {
    this.#parts = parts;
    this.#expiries = new ExpiryIndex(parts.maxKeys);
    this.#schedule();
  }

  /** An object with an expiry has become known. */
  note(key: Key, expiresAtMs: number): void {
    this.#expiries.note(key, expiresAtMs);
  }

  /** Resolves when the sweep that is under way is over; no other begins. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#sweeping;
  }

  #schedule(): void {
    this.#timer = this.#parts.clock.after(this.#parts.sweepMs, () => {
      this.#sweeping = this.#sweep().finally(() => {
        if (!this.#isStopped) this.#schedule();
      });
    });
  }

  async #sweep(): Promise<void> {
    const { clock, lease, listSweepMs, onExpired } = this.#parts;
    if (!lease.isHeld()) return;
    for (const key of this.#expiries.takeDue(lease.expiryNowMs(), sweepLimit)) onExpired(key);
    if (clock.monotonicMs() - this.#listedMs < listSweepMs) return;
    this.#listedMs = clock.monotonicMs();
    await this.#sweepPage();
  }

  async #sweepPage(): Promise<void> {
    const { lease, log, store, onExpired } = this.#parts;
    const nowMs = lease.expiryNowMs();
    try {
      const after = this.#after;
      const page = await store.list('', { limit: sweepLimit, ...(after === undefined ? {} : { after }) });
      for (const object of page.objects) {
        const key = isExpired(object.metadata.expiresAtMs, nowMs) ? keyOfName(object.name) : undefined;
        if (key !== undefined) onExpired(key);
      }
      this.#after = page.more ? page.objects.at(-1)?.name : undefined;
    } catch (thrown) {
      const { code, message } = asSionError(thrown);
      log.debug('expiry-sweep-failed', { code, reason: message });
    }
  }
}
