/**
 * The chunks that this instance holds: the only state that outlives a session. It keeps exact accounts against the
 * capacity, what is reserved for loads under way included, and lets no byte in that fails its checksum; whoever fetches a
 * chunk checks it with the checksum that goes with it. It never evicts by itself: the proxy decides what goes. The memory of
 * what went is used again, unless it is still being sent.
 *
 * A chunk costs its bytes and {@link chunkOverheadBytes}, so that a million tiny chunks cannot overrun the memory that
 * the bytes alone would leave free.
 */
import { crc32 } from 'node:zlib';
import { ReusedMemory } from '@sion/components';
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
  { readonly kind: 'hit'; readonly checksum: number; readonly bytes: Uint8Array } | { readonly kind: 'missing' };

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

/** Memory of evicted chunks that is kept for the next ones: so much, and no more than this share of the capacity. */
const maxFreedBytes = 16 * 1024 * 1024;
const freedShare = 1 / 32;

/** What is allocated is whole pages anyway. */
const pageBytes = 4096;

export class ChunkMemory {
  readonly capacityBytes: number;
  readonly #manifest = new Manifest();
  readonly #bytes = new Map<string, Uint8Array>();
  /** Of evicted chunks. */
  readonly #freed: ReusedMemory;
  /** How often each is being sent. */
  readonly #lent = new Map<Uint8Array, number>();
  #reservedBytes = 0;
  /** Where the last page ended, so that the next one need not count from the start. */
  #cursor: { readonly at: number; readonly rest: IterableIterator<ManifestEntry> } | undefined;

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
    this.#freed = new ReusedMemory(Math.min(maxFreedBytes, capacityBytes * freedShare), pageBytes);
  }

  /** Memory for a chunk's bytes, with whatever was there before. */
  allocate(lengthBytes: number): Uint8Array {
    return this.#freed.take(lengthBytes);
  }

  /** The bytes, which {@link fetch} has given, are being sent until what this gives is called. */
  lend(bytes: Uint8Array): () => void {
    this.#lent.set(bytes, (this.#lent.get(bytes) ?? 0) + 1);
    return () => {
      const left = (this.#lent.get(bytes) ?? 0) - 1;
      if (left > 0) this.#lent.set(bytes, left);
      else this.#lent.delete(bytes);
    };
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
    return { kind: 'hit', checksum: entry.checksum, bytes };
  }

  /** Forgets a chunk; an unknown one is no error. */
  evict(id: ChunkId): void {
    if (!this.#manifest.remove(id)) return;
    const key = chunkKey(id);
    const bytes = this.#bytes.get(key);
    this.#bytes.delete(key);
    if (bytes !== undefined && !this.#lent.has(bytes)) this.#freed.giveBack(bytes);
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
