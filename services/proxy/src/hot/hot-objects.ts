/**
 * The hot tier: small objects that are asked for often, in the proxy's own memory, so that reading them takes no function and
 * no request to the store. Core's `HotTier` decides which; the bytes hang on the directory's entry of their version, and are
 * read through it alone. So they are of exactly the version that the directory believes in, they go with the entry when a
 * write, a delete or an expiry takes it away, and everything that holds for reads by the directory holds for them.
 *
 * Must never: hand out bytes that anybody may change, or keep other people's memory alive for a few bytes of it.
 */
import { type HotSlot, HotTier } from '@sion/core';
import type { Entry } from '../objects/knowledge.ts';
import type { KnownObject } from '../objects/known-object.ts';

/** Bytes of an entry's version. They never change. */
export interface HotBytes {
  readonly bytes: Uint8Array;
  readonly slot: HotSlot<Entry>;
}

export interface HotStatus {
  readonly objects: number;
  /** With what each object takes beside its bytes. */
  readonly bytes: number;
  readonly maxBytes: number;
}

/** What an entry's slot, buffer and name take beside the bytes, about. */
const overheadBytes = 512;

export class HotObjects {
  readonly #tier: HotTier<Entry>;
  readonly #maxObjectBytes: number;

  constructor(settings: { readonly maxBytes: number; readonly maxObjectBytes: number }) {
    this.#tier = new HotTier(settings.maxBytes);
    this.#maxObjectBytes = settings.maxObjectBytes;
  }

  get status(): HotStatus {
    const { count, bytes, maxBytes } = this.#tier;
    return { objects: count, bytes, maxBytes };
  }

  /** Whether such an object may be kept. */
  takes({ sizeBytes }: KnownObject): boolean {
    return sizeBytes > 0 && sizeBytes <= this.#maxObjectBytes;
  }

  /** The whole object, if it is kept; this counts as a use. */
  read({ hot }: Entry): Uint8Array | undefined {
    if (hot === undefined) return undefined;
    this.#tier.hit(hot.slot);
    return hot.bytes;
  }

  /** Keeps a copy of the bytes of the entry's version, if it is worth that. The entry must be the directory's. */
  keep(entry: Entry, bytes: Uint8Array): void {
    if (entry.hot !== undefined || !this.takes(entry.object) || bytes.length !== entry.object.sizeBytes) return;
    const evict = (evicted: Entry) => {
      evicted.hot = undefined;
    };
    const slot = this.#tier.admit(entry, entry.key, bytes.length + entry.key.length + overheadBytes, evict);
    if (slot === undefined) return;
    const own = Buffer.allocUnsafeSlow(bytes.length);
    own.set(bytes);
    entry.hot = { bytes: own, slot };
  }

  /** The entry is not the directory's any more. */
  drop(entry: Entry): void {
    if (entry.hot === undefined) return;
    this.#tier.remove(entry.hot.slot);
    entry.hot = undefined;
  }
}
