/**
 * The chunks that this instance holds: the only state that outlives a session. It keeps exact accounts against the
 * capacity, what is reserved for loads under way included, and lets no byte in or out that fails its checksum. It never
 * evicts by itself: the proxy decides what goes.
 *
 * A chunk costs its bytes and {@link chunkOverheadBytes}, so that a million tiny chunks cannot overrun the memory that
 * the bytes alone would leave free.
 */
import { crc32 } from 'node:zlib';
import {
  type ChunkId,
  chunkKey,
  chunkOverheadBytes,
  Manifest,
  type ManifestDigest,
  type ManifestEntry,
} from '@sion/core';

export { chunkOverheadBytes };

export type StoreOutcome =
  /** Held now, or held before with the very same bytes. */
  | { readonly kind: 'held' }
  /** The bytes do not have the checksum. */
  | { readonly kind: 'corrupt' }
  /** They do not fit. */
  | { readonly kind: 'capacity' }
  /** Another chunk of this id is held; a chunk's bytes never change. */
  | { readonly kind: 'conflict' };

export type FetchOutcome =
  /** The held bytes themselves; they never change, also when the chunk is evicted meanwhile. */
  | { readonly kind: 'hit'; readonly checksum: number; readonly bytes: Uint8Array }
  | { readonly kind: 'missing' }
  /** The bytes no longer have their checksum; the chunk was dropped. */
  | { readonly kind: 'corrupt' };

/** Room set aside for a chunk whose bytes are still to come. */
export interface Reservation {
  /** Puts the chunk into its room; the reservation is over. */
  store(entry: ManifestEntry, bytes: Uint8Array): StoreOutcome;
  /** Gives the room back. Safe at any time, also after `store`. */
  release(): void;
}

/** A page of the manifest. */
export interface ManifestSlice {
  readonly entries: readonly ManifestEntry[];
  readonly more: boolean;
}

export class ChunkMemory {
  readonly capacityBytes: number;
  readonly #manifest = new Manifest();
  readonly #bytes = new Map<string, Uint8Array>();
  #reservedBytes = 0;
  /** Where the last page ended, so that the next one need not count from the start. */
  #cursor: { readonly at: number; readonly rest: IterableIterator<ManifestEntry> } | undefined;

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  get count(): number {
    return this.#manifest.count;
  }

  /** Bytes of the chunks held, without overhead and reservations. */
  get usedBytes(): number {
    return this.#manifest.bytes;
  }

  /** Bytes that count against the capacity: chunks, their overhead, and reservations. */
  get occupiedBytes(): number {
    return this.#manifest.bytes + this.#manifest.count * chunkOverheadBytes + this.#reservedBytes;
  }

  digest(): ManifestDigest {
    return this.#manifest.digest();
  }

  get(id: ChunkId): ManifestEntry | undefined {
    return this.#manifest.get(id);
  }

  /** Holds `bytes`, which are the memory's from now on, if they have the checksum and fit. */
  store(id: ChunkId, checksum: number, bytes: Uint8Array): StoreOutcome {
    return this.#hold({ id, checksum, lengthBytes: bytes.length }, bytes);
  }

  /** Sets room aside; undefined when there is none. */
  reserve(lengthBytes: number): Reservation | undefined {
    const costBytes = lengthBytes + chunkOverheadBytes;
    if (this.occupiedBytes + costBytes > this.capacityBytes) return undefined;
    this.#reservedBytes += costBytes;
    let reserved = true;
    const release = () => {
      if (reserved) this.#reservedBytes -= costBytes;
      reserved = false;
    };
    return {
      store: (entry, bytes) => {
        release();
        return this.#hold(entry, bytes);
      },
      release,
    };
  }

  fetch(id: ChunkId): FetchOutcome {
    const entry = this.#manifest.get(id);
    const bytes = this.#bytes.get(chunkKey(id));
    if (entry === undefined || bytes === undefined) return { kind: 'missing' };
    if (crc32(bytes) === entry.checksum) return { kind: 'hit', checksum: entry.checksum, bytes };
    this.evict(id);
    return { kind: 'corrupt' };
  }

  /** Forgets a chunk; an unknown one is no error. */
  evict(id: ChunkId): void {
    if (this.#manifest.remove(id)) this.#bytes.delete(chunkKey(id));
  }

  /**
   * At most `limit` entries from position `from`, oldest first. Paging on from where the last page ended also gives every
   * chunk exactly once when others were evicted meanwhile.
   */
  page(from: number, limit: number): ManifestSlice {
    const rest = this.#cursor?.at === from ? this.#cursor.rest : this.#skip(from);
    this.#cursor = undefined;
    const entries: ManifestEntry[] = [];
    while (entries.length < limit) {
      const next = rest.next();
      if (next.done === true) return { entries, more: false };
      entries.push(next.value);
    }
    // What lies ahead of an iterator cannot be asked without moving it: a full page says "more", the next may be empty.
    this.#cursor = { at: from + entries.length, rest };
    return { entries, more: true };
  }

  #skip(count: number): IterableIterator<ManifestEntry> {
    const entries = this.#manifest.entries();
    for (let left = count; left > 0; left -= 1) if (entries.next().done === true) break;
    return entries;
  }

  #hold(entry: ManifestEntry, bytes: Uint8Array): StoreOutcome {
    if (bytes.length !== entry.lengthBytes || crc32(bytes) !== entry.checksum) return { kind: 'corrupt' };
    const held = this.#manifest.get(entry.id);
    if (held !== undefined) {
      const same = held.checksum === entry.checksum && held.lengthBytes === entry.lengthBytes;
      return same ? { kind: 'held' } : { kind: 'conflict' };
    }
    if (this.occupiedBytes + entry.lengthBytes + chunkOverheadBytes > this.capacityBytes) return { kind: 'capacity' };
    this.#manifest.add(entry);
    this.#bytes.set(chunkKey(entry.id), bytes);
    return { kind: 'held' };
  }
}
