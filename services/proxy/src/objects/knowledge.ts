/**
 * What the proxy believes about keys: a bounded directory of versions with their places in memory, and a bounded memory of
 * keys that the store does not have. All of it is soft state about the store, which is the truth; losing any of it costs a
 * request.
 *
 * A belief comes from a lookup or from a write of our own. A lookup's result is dropped when a write of the same key was
 * under way at any time during the lookup, or when another lookup beside it was believed meanwhile: what it saw may be
 * older. Its reader has seen it all the same. So if it differs from what is believed, it may as well be newer (others
 * write to the store, and a write of unknown result lands when it likes), and the store is asked again before the next use.
 *
 * A snapshot may be put back while all this goes on: what it says of a key holds only if nothing was learned of that key
 * since it began to be loaded (`learned-keys.ts`).
 *
 * It is long because every way in which something is learned, doubted or forgotten meets the same three maps.
 */
import type { StoredObject } from '@sion/components';
import { AbsentKeys, Directory } from '@sion/core';
import type { HotBytes } from '../hot/hot-objects.ts';
import type { PlacedObject } from '../memory/placed-object.ts';
import type { KnownObject } from './known-object.ts';
import { LearnedKeys, type LearnedLimits } from './learned-keys.ts';
import type { Key, ObjectInfo } from './objects.ts';

export interface Entry {
  readonly key: Key;
  /** Always the same bytes; a change of the expiry alone replaces the object in place. */
  object: KnownObject;
  /** False when the store must be asked whether this is still its version: after a crash, or a write of unknown result. */
  confirmed: boolean;
  /**
   * Whether a write that nobody waits for any more may change it in the store, or have changed it since it was found there.
   * False for what a write of our own put there, as long as all of them are known to have landed or not, and for what was
   * found when no such write could land any more.
   */
  isExposed: boolean;
  /** Where its bytes are in memory. */
  placed: PlacedObject | undefined;
  /** A read is taking its bytes to memory at present. */
  loading: boolean;
  /** Whole reads that the store has served since the entry was made. */
  storeReads: number;
  /** Its bytes, while the proxy's own memory keeps them. */
  hot: HotBytes | undefined;
}

/** A lookup under way; see the head of this module. */
export interface Lookup {
  readonly key: Key;
  /** By the monotonic clock. */
  readonly begunMs: number;
  /** False when what it finds may be older than what is believed. When it has ended: whether it is what is believed. */
  valid: boolean;
  /** False when another lookup of the key has ended since it began. */
  isFresh: boolean;
  /** The key was in memory alone meanwhile, or on its way there or away. At the end: it found nothing, which says nothing. */
  isBlind: boolean;
}

/** A write under way. */
interface Writing {
  /** What it replaces, if anything, as {@link stateOf} tells it. */
  readonly before: string | undefined;
  /** What lookups found meanwhile, as {@link stateOf} tells it; undefined = nothing. */
  readonly seen: Set<string | undefined>;
  /** Others have changed the key meanwhile, or so they say. */
  isDoubtful: boolean;
  readonly move: Move;
}

/**
 * Whether a write has to do with what is in memory alone: nothing was there before it (`appears`); or something was, and for
 * a while neither store nor memory may have anything of it (`moves`).
 */
export type Move = 'none' | 'appears' | 'moves';

/** Keys that moved at some time since this was asked for. Call `end` once. */
export interface MovesWatch {
  readonly keys: ReadonlySet<Key>;
  end(): void;
}

export interface KnowledgeOptions {
  readonly maxEntries: number;
  readonly maxAbsentKeys: number;
  readonly absentTtlMs: number;
  /** How long a request to the store may take effect after it was given up, also one of an earlier proxy. */
  readonly lateMs: number;
  readonly monotonicMs: () => number;
  /** An entry has got its place in memory. */
  readonly onPlaced: (placed: PlacedObject, entry: Entry) => void;
  /** An entry is not the directory's any more. */
  readonly onForgotten?: (entry: Entry) => void;
  /** An entry's chunks are no longer of use. */
  readonly onDropped: (placed: PlacedObject) => void;
  /** A name has an object in memory alone; undefined = no more. */
  readonly onVolatile?: (name: string, object: KnownObject | undefined) => void;
}

export class Knowledge {
  readonly #options: KnowledgeOptions;
  readonly #directory: Directory<Entry>;
  readonly #absent: AbsentKeys;
  readonly #lookups = new Map<Key, Set<Lookup>>();
  readonly #writing = new Map<Key, Writing>();
  readonly #watches = new Set<Set<Key>>();
  /** While a snapshot is being loaded. */
  #learned: LearnedKeys | undefined;
  /** Until then, by the monotonic clock, writes that were given up may land. */
  #lateUntilMs: number;

  constructor(options: KnowledgeOptions) {
    this.#options = options;
    this.#directory = new Directory(options.maxEntries, (entry) => this.#isPinned(entry));
    this.#absent = new AbsentKeys(options.maxAbsentKeys, options.absentTtlMs);
    this.#lateUntilMs = options.monotonicMs() + options.lateMs;
  }

  get size(): number {
    return this.#directory.size;
  }

  /** Lookups and writes that have begun and not ended. */
  get underWay(): number {
    let count = this.#writing.size;
    for (const lookups of this.#lookups.values()) count += lookups.size;
    return count;
  }

  entries(): IterableIterator<Entry> {
    return this.#directory.entries();
  }

  get(key: Key): Entry | undefined {
    return this.#directory.get(key);
  }

  /** The entry, without counting that as a use. */
  peek(key: Key): Entry | undefined {
    return this.#directory.peek(key);
  }

  isAbsent(key: Key): boolean {
    return this.#absent.has(key, this.#options.monotonicMs());
  }

  beginLookup(key: Key): Lookup {
    const writing = this.#writing.get(key);
    const isBlind = (writing?.move ?? 'none') !== 'none' || this.#directory.peek(key)?.object.volatile === true;
    const begunMs = this.#options.monotonicMs();
    const lookup: Lookup = { key, begunMs, valid: writing === undefined, isFresh: true, isBlind };
    this.#lookups.set(key, (this.#lookups.get(key) ?? new Set<Lookup>()).add(lookup));
    return lookup;
  }

  /** Believes what the lookup found, if it still may; gives the entry then. Call exactly once per lookup. */
  endLookup(lookup: Lookup, found: StoredObject | undefined | 'failed'): Entry | undefined {
    const lookups = this.#lookups.get(lookup.key);
    lookups?.delete(lookup);
    if (lookups?.size === 0) this.#lookups.delete(lookup.key);
    if (found === 'failed') return undefined;
    for (const other of lookups ?? []) other.isFresh = false;
    if (!lookup.valid) return this.#compare(lookup, found);
    for (const other of lookups ?? []) other.valid = false;
    lookup.isBlind = false;
    const entry = this.#directory.peek(lookup.key);
    if (found !== undefined || entry?.object.volatile !== true) {
      const isExposed = lookup.begunMs < this.#lateUntilMs;
      const believed = this.#believe(lookup.key, found, isExposed);
      if (believed !== undefined) believed.isExposed &&= isExposed;
      return believed;
    }
    // The store has nothing of it, as is to be: a write of unknown result has not replaced it.
    entry.confirmed = true;
    return entry;
  }

  /**
   * A write of this key is about to be sent to the store; `before` is what it replaces, if that is known.
   * `move`: whether that version, or what it is replaced by, is in memory alone.
   */
  beginWrite(key: Key, before: KnownObject | undefined, move: Move = 'none'): void {
    this.#writing.set(key, { before: stateOf(before), seen: new Set(), isDoubtful: false, move });
    if (move === 'moves') for (const keys of this.#watches) keys.add(key);
    this.#learned?.add(key);
    this.#absent.remove(key);
    for (const lookup of this.#lookups.get(key) ?? []) {
      lookup.valid = false;
      lookup.isBlind ||= move !== 'none';
    }
  }

  /** The write landed as `object` (undefined = deleted), and nobody has been told yet. */
  endWrite(key: Key, object: KnownObject | undefined): Entry | undefined {
    const writing = this.#writing.get(key);
    this.#writing.delete(key);
    const entry = this.#believe(key, object, false);
    // What was there before is older; that there was nothing may also have been seen after others deleted it again.
    const isOlder = (state: string | undefined) => state !== undefined && state === writing?.before;
    const written = stateOf(object);
    const isDoubtful = [...(writing?.seen ?? [])].some((state) => state !== written && !isOlder(state));
    if (!isDoubtful && writing?.isDoubtful !== true) return entry;
    if (entry === undefined) this.#absent.remove(key);
    else entry.confirmed = false;
    return entry;
  }

  /** The write failed; `known` tells whether nothing was changed for certain. */
  failWrite(key: Key, known: boolean): void {
    this.#writing.delete(key);
    if (known) return;
    this.#lateUntilMs = this.#options.monotonicMs() + this.#options.lateMs;
    const entry = this.#directory.peek(key);
    if (entry === undefined) return;
    entry.confirmed = false;
    entry.isExposed = true;
  }

  /**
   * Whether a write whose result nobody knows, of this proxy or an earlier one, may still find the version that the store
   * has of this key, and put what it was decided to be in its place; or may have done so since that version was found.
   */
  mayYetChange(key: Key): boolean {
    return this.#directory.peek(key)?.isExposed ?? this.#mayLandLate();
  }

  /**
   * What was found while such a write could land, which none can any more, is asked for before its next use: then it is
   * certain. Gives whether that is so of this key.
   */
  reconsider(key: Key): boolean {
    const entry = this.#directory.peek(key);
    if (entry?.confirmed !== true || !entry.isExposed || this.#mayLandLate()) return false;
    entry.confirmed = false;
    return true;
  }

  /** What is believed of keys with a write under way, and what reads answer until it is acknowledged. */
  *believedWhileWriting(): Generator<Entry> {
    for (const key of this.#writing.keys()) {
      const entry = this.#directory.peek(key);
      if (entry?.confirmed === true) yield entry;
    }
  }

  /** For a listing of the store: it may lack keys that move meanwhile. */
  watchMoves(): MovesWatch {
    const keys = new Set<Key>();
    for (const [key, { move }] of this.#writing) if (move === 'moves') keys.add(key);
    this.#watches.add(keys);
    return { keys, end: () => void this.#watches.delete(keys) };
  }

  isWriting(key: Key): boolean {
    return this.#writing.has(key);
  }

  /** Believes nothing of this key any more. */
  forget(key: Key): void {
    this.#learned?.add(key);
    this.#absent.remove(key);
    this.#remove(key);
  }

  /**
   * Believes nothing of this key any more because others have changed it, nor what is being found out about it: that may
   * be older. What a write under way leaves behind is asked for before its next use, since theirs may have come after it.
   * Gives whether anything was believed.
   */
  invalidate(key: Key): boolean {
    const wasKnown = this.isAbsent(key) || this.#directory.peek(key) !== undefined;
    this.forget(key);
    for (const lookup of this.#lookups.get(key) ?? []) lookup.valid = false;
    const writing = this.#writing.get(key);
    if (writing !== undefined) writing.isDoubtful = true;
    return wasKnown;
  }

  /** Every key of which something is believed or being found out; some more than once. May change while it is read. */
  *keys(): Generator<Key> {
    for (const { key } of this.#directory.entries()) yield key;
    yield* this.#absent.keys();
    yield* this.#lookups.keys();
    yield* this.#writing.keys();
  }

  /** What is believed of this key is asked for before its next use. */
  doubt(key: Key): void {
    const entry = this.#directory.peek(key);
    if (entry !== undefined) entry.confirmed = false;
  }

  /** The store was seen to have this, other than by a lookup; it is not believed, but others may know of it. */
  sight(key: Key, found: StoredObject | undefined): void {
    for (const lookup of this.#lookups.get(key) ?? []) lookup.valid = false;
    this.#see(key, found);
  }

  /** Gives an entry its place in memory, unless it is no longer the current one of its key; then the place is dropped. */
  place(entry: Entry, placed: PlacedObject): void {
    if (this.#directory.peek(entry.key) !== entry || entry.placed !== undefined) return this.#options.onDropped(placed);
    entry.placed = placed;
    this.#options.onPlaced(placed, entry);
  }

  /** Takes an entry's place in memory away. */
  unplace(entry: Entry): void {
    if (entry.placed !== undefined) this.#options.onDropped(entry.placed);
    entry.placed = undefined;
  }

  /** Entries of a snapshot are going to be put back; from now on it is noted what is learned beside them. */
  beginRestoring(limits?: LearnedLimits): void {
    this.#learned = new LearnedKeys(limits);
  }

  /** False when so much was learned since {@link beginRestoring} that nothing more can be put back. */
  get canRestore(): boolean {
    return this.#learned?.isFull === false && this.#directory.size < this.#directory.maxEntries;
  }

  /** Others have changed keys with this prefix: a snapshot's word on them is not believed any more. */
  invalidateRestoring(prefix: Key): void {
    this.#learned?.addPrefix(prefix);
  }

  /**
   * Puts back an entry of a snapshot, or only its place where the same version was found meanwhile; false when its key is
   * known otherwise by now, or there is no room. Then it has changed nothing.
   */
  restore(entry: Entry): boolean {
    const { key, placed } = entry;
    const present = this.#directory.peek(key);
    if (present !== undefined) {
      if (placed === undefined || present.placed !== undefined || !isSameBytes(present.object, entry.object))
        return false;
      this.place(present, placed);
      return true;
    }
    if (!this.canRestore || this.#learned?.has(key)) return false;
    this.#directory.set(key, entry);
    this.#tellVolatile(undefined, entry.object);
    if (placed !== undefined) this.#options.onPlaced(placed, entry);
    return true;
  }

  endRestoring(): void {
    this.#learned = undefined;
  }

  /** Evicts the coldest entry that has chunks in memory; false when there is none. */
  evictColdest(): boolean {
    const victim = this.#directory.coldest((entry) => entry.placed !== undefined && entry.placed.layout.fragments > 0);
    if (victim === undefined) return false;
    this.#remove(victim.key);
    return true;
  }

  /**
   * Takes an entry's place in memory away because it is not worth it any more; what is in memory alone is forgotten with
   * it. False when the entry has work in flight.
   */
  retire(entry: Entry): boolean {
    if (this.#directory.peek(entry.key) !== entry || this.#isPinned(entry)) return false;
    if (entry.object.volatile === true) this.#remove(entry.key);
    else this.unplace(entry);
    return true;
  }

  #mayLandLate(): boolean {
    return this.#options.monotonicMs() < this.#lateUntilMs;
  }

  /** What a lookup found that may not be believed: is it what is believed anyway? */
  #compare(lookup: Lookup, found: StoredObject | undefined): Entry | undefined {
    lookup.isBlind &&= found === undefined;
    const entry = this.#see(lookup.key, found);
    lookup.valid = !lookup.isBlind && entry?.confirmed === true && !this.#writing.has(lookup.key);
    return lookup.valid ? entry : undefined;
  }

  /** Somebody has seen this, and what differs from it is asked for again before its next use. Gives the entry. */
  #see(key: Key, found: StoredObject | undefined): Entry | undefined {
    this.#writing.get(key)?.seen.add(stateOf(found));
    const entry = this.#directory.peek(key);
    if (entry === undefined) {
      this.#learned?.add(key);
      if (found !== undefined) this.#absent.remove(key);
    } else if (entry.object.volatile === true && found === undefined) return entry;
    else if (stateOf(entry.object) !== stateOf(found)) entry.confirmed = false;
    return entry;
  }

  /** The store has what was believed under another tag: it was journaled, and has been drained. */
  retag(key: Key, etag: string, object: StoredObject): void {
    const entry = this.#directory.peek(key);
    if (entry?.object.etag === etag) entry.object = { ...entry.object, etag: object.etag };
  }

  #believe(key: Key, object: KnownObject | undefined, isExposed: boolean): Entry | undefined {
    this.#learned?.add(key);
    if (object === undefined) {
      this.#remove(key);
      this.#absent.add(key, this.#options.monotonicMs());
      return undefined;
    }
    this.#absent.remove(key);
    const present = this.#directory.peek(key);
    if (present !== undefined && isSameBytes(present.object, object)) {
      this.#tellVolatile(present.object, object);
      present.object = object;
      present.confirmed = true;
      return present;
    }
    this.#tellVolatile(present?.object, object);
    if (present?.placed !== undefined) this.#options.onDropped(present.placed);
    if (present !== undefined) this.#options.onForgotten?.(present);
    const entry: Entry = {
      key,
      object,
      confirmed: true,
      placed: undefined,
      loading: false,
      storeReads: 0,
      isExposed,
      hot: undefined,
    };
    this.#directory.set(key, entry);
    this.#trim();
    return entry;
  }

  #remove(key: Key): void {
    const entry = this.#directory.peek(key);
    if (entry === undefined) return;
    this.#directory.delete(key);
    this.#tellVolatile(entry.object, undefined);
    this.#options.onForgotten?.(entry);
    this.unplace(entry);
  }

  #tellVolatile(before: KnownObject | undefined, after: KnownObject | undefined): void {
    if (after?.volatile === true) this.#options.onVolatile?.(after.name, after);
    else if (before?.volatile === true) this.#options.onVolatile?.(before.name, undefined);
  }

  #trim(): void {
    while (this.#directory.size > this.#directory.maxEntries) {
      const victim = this.#directory.coldest();
      if (victim === undefined) return;
      this.#remove(victim.key);
    }
  }

  #isPinned(entry: Entry): boolean {
    return entry.loading || this.#writing.has(entry.key);
  }
}

/** True when both are the same version's bytes; the ETag changes with the metadata, the version does not. */
export function isSameBytes(a: StoredObject, b: StoredObject): boolean {
  if (a.etag === b.etag) return true;
  return a.metadata.version !== undefined && a.metadata.version === b.metadata.version;
}

/** Tells apart what a key may have: ETags alone do not, for they are content hashes, and change with nothing but the bytes. */
function stateOf(object: StoredObject | undefined): string | undefined {
  if (object === undefined) return undefined;
  const { version, expiresAtMs } = object.metadata;
  return `${object.etag} ${version ?? ''} ${expiresAtMs ?? ''}`;
}

/** What the front may know of a stored object. */
export function infoOf(object: StoredObject): ObjectInfo {
  const { metadata } = object;
  return {
    sizeBytes: object.sizeBytes,
    etag: object.etag,
    version: metadata.version ?? object.etag,
    modifiedMs: object.modifiedMs,
    ...(metadata.expiresAtMs === undefined ? {} : { expiresAtMs: metadata.expiresAtMs }),
    ...(metadata.contentType === undefined ? {} : { contentType: metadata.contentType }),
    ...(metadata.user === undefined ? {} : { user: metadata.user }),
  };
}
