/**
 * What one node holds by the proxy's book: the manifest (what is wanted there), the evictions that it has not been told
 * yet (held, no longer wanted), and the chunks on their way in. Plain state: no clock, no links. It must never list a
 * chunk in the manifest that the node has not confirmed, nor forget one that it may still hold without an eviction or a
 * listing to come.
 */
import {
  type ChunkId,
  chunkKey,
  chunkOverheadBytes,
  Manifest,
  type ManifestDigest,
  type ManifestEntry,
} from '@sion/core';

interface Arrival {
  readonly entry: ManifestEntry;
  /** Evicted meanwhile: to be undone when it has arrived. */
  unwanted: boolean;
  /** An eviction of an earlier copy waited; this arrival replaces that copy. */
  readonly replacedEviction: boolean;
}

/** One node's book. */
export class Holdings {
  readonly manifest = new Manifest();
  readonly #evictions = new Manifest();
  readonly #arrivals = new Map<string, Arrival>();
  /** Evictions that were sent and not confirmed: the same chunk must not be stored past them. */
  readonly #telling = new Set<string>();
  readonly #maxEvictions: number;
  #arrivingBytes = 0;
  #mustList = false;

  constructor(maxEvictions: number) {
    this.#maxEvictions = maxEvictions;
  }

  /** Room that is taken on the node: the chunks wanted there, arrivals included, each with what it costs beside its bytes. */
  get occupiedBytes(): number {
    const chunks = this.manifest.count + this.#arrivals.size;
    return this.manifest.bytes + this.#arrivingBytes + chunks * chunkOverheadBytes;
  }

  /** Bytes that the node may forget once it is told. */
  get evictionBytes(): number {
    return this.#evictions.bytes;
  }

  get evictionCount(): number {
    return this.#evictions.count;
  }

  /** True when evictions were forgotten: only a listing finds those chunks again. */
  get mustList(): boolean {
    return this.#mustList;
  }

  /** What the node's own digest should be. */
  expectedDigest(): ManifestDigest {
    const wanted = this.manifest.digest();
    const unwanted = this.#evictions.digest();
    return {
      count: wanted.count + unwanted.count,
      bytes: wanted.bytes + unwanted.bytes,
      lanes: [(wanted.lanes[0] + unwanted.lanes[0]) >>> 0, (wanted.lanes[1] + unwanted.lanes[1]) >>> 0],
    };
  }

  /** Books a chunk that is about to be sent; false when the same chunk is on its way already, either way. */
  beginArrival(entry: ManifestEntry): boolean {
    const key = chunkKey(entry.id);
    if (this.#arrivals.has(key) || this.#telling.has(key)) return false;
    const replacedEviction = this.#evictions.remove(entry.id);
    this.#arrivals.set(key, { entry, unwanted: false, replacedEviction });
    this.#arrivingBytes += entry.lengthBytes;
    return true;
  }

  /**
   * The end of an arrival: `held` as the node confirmed it, `absent` when nothing changed there, `unknown` when nobody
   * knows. Returns whether the chunk is in the manifest now.
   */
  endArrival(id: ChunkId, result: 'held' | 'absent' | 'unknown'): boolean {
    const key = chunkKey(id);
    const arrival = this.#arrivals.get(key);
    if (arrival === undefined) return false;
    this.#arrivals.delete(key);
    this.#arrivingBytes -= arrival.entry.lengthBytes;
    if (result === 'held' && !arrival.unwanted) {
      this.manifest.add(arrival.entry);
      return true;
    }
    // Stored a second time: the first copy is still wanted.
    if (this.manifest.has(id)) return false;
    if (result !== 'absent' || arrival.replacedEviction) this.#addEviction(arrival.entry);
    return false;
  }

  /** No longer wants a chunk: out of the manifest at once, undone on arrival when it is still on its way. */
  evict(id: ChunkId): void {
    const arrival = this.#arrivals.get(chunkKey(id));
    if (arrival !== undefined) arrival.unwanted = true;
    const entry = this.manifest.get(id);
    if (entry === undefined) return;
    this.manifest.remove(id);
    this.#addEviction(entry);
  }

  /** True when a chunk that is on its way has been evicted meanwhile. */
  isUnwanted(id: ChunkId): boolean {
    return this.#arrivals.get(chunkKey(id))?.unwanted === true;
  }

  /** Up to `limit` evictions to tell the node; they stay booked until {@link endEvictions}. */
  beginEvictions(limit: number): readonly ManifestEntry[] {
    const batch: ManifestEntry[] = [];
    for (const entry of this.#evictions.entries()) {
      if (batch.length === limit) break;
      batch.push(entry);
      this.#telling.add(chunkKey(entry.id));
    }
    return batch;
  }

  /** The node has forgotten these, or nobody knows (`confirmed` false: they stay booked). */
  endEvictions(entries: readonly ManifestEntry[], confirmed: boolean): void {
    for (const entry of entries) {
      this.#telling.delete(chunkKey(entry.id));
      if (confirmed) this.#evictions.remove(entry.id);
    }
  }

  /** Takes a chunk that the node turned out not to have (or not to have whole) out of the manifest. */
  lose(id: ChunkId): ManifestEntry | undefined {
    const entry = this.manifest.get(id);
    if (entry !== undefined) this.manifest.remove(id);
    return entry;
  }

  /** The node said what it holds: books the strays as its evictions, and gives what is lost, no longer in the manifest. */
  settle(lost: readonly ManifestEntry[], stray: readonly ManifestEntry[]): void {
    for (const entry of lost) this.manifest.remove(entry.id);
    this.#evictions.clear();
    this.#mustList = false;
    // Not bounded: it is never more than what the node has just listed, and forgetting it would list it for ever.
    for (const entry of stray) this.#evictions.add(entry);
  }

  /** Which chunks are to be evicted is found from a listing, with the next session. */
  forgetEvictions(): void {
    if (this.#evictions.count === 0) return;
    this.#evictions.clear();
    this.#mustList = true;
  }

  #addEviction(entry: ManifestEntry): void {
    if (this.#mustList) return;
    if (this.#evictions.count < this.#maxEvictions) this.#evictions.add(entry);
    else this.forgetEvictions();
  }
}
