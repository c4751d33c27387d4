/**
 * The manifest: the chunks that a node is expected to hold (the proxy's side) or holds (the node's side), with a digest
 * that both keep up to date chunk by chunk, so that a session opens by comparing two short values. The digest does not
 * depend on the order of insertion. Follows the insertion log of the paper (section on failure detection), without a log.
 */
import { type ChunkId, chunkKey } from './chunk-id.ts';

/**
 * What a chunk costs a node beside its bytes: its buffer, its entry in the manifest, their keys (measured, rounded up).
 * Both sides count it against the node's capacity.
 */
export const chunkOverheadBytes = 1024;

/** A chunk as a manifest lists it. */
export interface ManifestEntry {
  readonly id: ChunkId;
  readonly lengthBytes: number;
  /** CRC-32 of the chunk's bytes. */
  readonly checksum: number;
}

/** Order-independent summary of a manifest: equal digests mean equal manifests but for a chance of 2^-64. */
export interface ManifestDigest {
  readonly count: number;
  readonly bytes: number;
  /** Two 32-bit lanes, each the sum modulo 2^32 of a hash per entry. */
  readonly lanes: readonly [number, number];
}

/** A manifest with its digest. Entries are keyed by {@link chunkKey}. */
export class Manifest {
  readonly #entries = new Map<string, ManifestEntry>();
  #bytes = 0;
  #lane0 = 0;
  #lane1 = 0;

  get count(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  has(id: ChunkId): boolean {
    return this.#entries.has(chunkKey(id));
  }

  get(id: ChunkId): ManifestEntry | undefined {
    return this.#entries.get(chunkKey(id));
  }

  /** Adds an entry, replacing one of the same id. */
  add(entry: ManifestEntry): void {
    this.remove(entry.id);
    this.#entries.set(chunkKey(entry.id), entry);
    this.#sum(entry, 1);
  }

  /** Removes an entry; false when there was none. */
  remove(id: ChunkId): boolean {
    const key = chunkKey(id);
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#entries.delete(key);
    this.#sum(entry, -1);
    return true;
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
    this.#lane0 = 0;
    this.#lane1 = 0;
  }

  /** Entries in insertion order. */
  entries(): IterableIterator<ManifestEntry> {
    return this.#entries.values();
  }

  digest(): ManifestDigest {
    return { count: this.count, bytes: this.#bytes, lanes: [this.#lane0, this.#lane1] };
  }

  #sum(entry: ManifestEntry, sign: 1 | -1): void {
    this.#bytes += sign * entry.lengthBytes;
    this.#lane0 = (this.#lane0 + sign * hashEntry(entry, 0x9e3779b9)) >>> 0;
    this.#lane1 = (this.#lane1 + sign * hashEntry(entry, 0x85ebca6b)) >>> 0;
  }
}

export function digestsEqual(a: ManifestDigest, b: ManifestDigest): boolean {
  return a.count === b.count && a.bytes === b.bytes && a.lanes[0] === b.lanes[0] && a.lanes[1] === b.lanes[1];
}

/** What differs between the manifest a proxy expects and the one a node reports. */
export interface ManifestDifference {
  /** Expected, but not held (or held with other bytes): lost. */
  readonly lost: readonly ManifestEntry[];
  /** Held, but not expected: to be evicted. */
  readonly stray: readonly ManifestEntry[];
}

export function compareManifests(expected: Manifest, held: Iterable<ManifestEntry>): ManifestDifference {
  const matched = new Set<string>();
  const stray: ManifestEntry[] = [];
  for (const entry of held) {
    const want = expected.get(entry.id);
    if (want !== undefined && want.checksum === entry.checksum && want.lengthBytes === entry.lengthBytes) {
      matched.add(chunkKey(entry.id));
    } else {
      stray.push(entry);
    }
  }
  const lost: ManifestEntry[] = [];
  for (const entry of expected.entries()) if (!matched.has(chunkKey(entry.id))) lost.push(entry);
  return { lost, stray };
}

function hashEntry(entry: ManifestEntry, seed: number): number {
  let hash = seed;
  const { epoch, counter, fragment, index } = entry.id;
  hash = mix(hash, epoch);
  hash = mix(hash, counter % 0x1_0000_0000);
  hash = mix(hash, Math.floor(counter / 0x1_0000_0000));
  hash = mix(hash, fragment);
  hash = mix(hash, index);
  hash = mix(hash, entry.lengthBytes);
  hash = mix(hash, entry.checksum);
  return hash >>> 0;
}

/** One round of MurmurHash3's 32-bit mixing, with its finaliser so that each word reaches every bit. */
function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  let h = hash ^ k;
  h = Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  return h ^ (h >>> 13);
}
