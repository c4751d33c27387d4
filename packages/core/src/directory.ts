/**
 * The directory's frame: a bounded map from key to entry with CLOCK eviction, and a bounded memory of keys that the store
 * was seen not to have. What an entry says is the owner's business; here is only which one has to go. Soft state: losing
 * all of it costs requests, never data.
 *
 * CLOCK instead of least-recently-used order: a hit sets one bit and moves nothing.
 */

interface Slot<E> {
  readonly key: string;
  entry: E;
  referenced: boolean;
  position: number;
}

export class Directory<E> {
  readonly #slots = new Map<string, Slot<E>>();
  readonly #ring: Slot<E>[] = [];
  readonly #isPinned: (entry: E) => boolean;
  #hand = 0;
  readonly maxEntries: number;

  /** `isPinned` entries are never evicted: they have work in flight or an unknown result. */
  constructor(maxEntries: number, isPinned: (entry: E) => boolean) {
    this.maxEntries = maxEntries;
    this.#isPinned = isPinned;
  }

  get size(): number {
    return this.#slots.size;
  }

  /** The entry, marked as recently used. */
  get(key: string): E | undefined {
    const slot = this.#slots.get(key);
    if (slot === undefined) return undefined;
    slot.referenced = true;
    return slot.entry;
  }

  /** The entry, without marking it. */
  peek(key: string): E | undefined {
    return this.#slots.get(key)?.entry;
  }

  set(key: string, entry: E): void {
    const slot = this.#slots.get(key);
    if (slot !== undefined) {
      slot.entry = entry;
      slot.referenced = true;
      return;
    }
    const added: Slot<E> = { key, entry, referenced: false, position: this.#ring.length };
    this.#ring.push(added);
    this.#slots.set(key, added);
  }

  delete(key: string): boolean {
    const slot = this.#slots.get(key);
    if (slot === undefined) return false;
    this.#slots.delete(key);
    const last = this.#ring.pop();
    if (last !== undefined && last !== slot) {
      last.position = slot.position;
      this.#ring[slot.position] = last;
    }
    return true;
  }

  /**
   * The entry that should go next: unpinned, `eligible` and not used since the hand last passed. It stays in the map until
   * {@link delete}d. Undefined when two rounds found none.
   */
  coldest(eligible: (entry: E) => boolean = () => true): E | undefined {
    for (let steps = this.#ring.length * 2; steps > 0; steps--) {
      if (this.#hand >= this.#ring.length) this.#hand = 0;
      const slot = this.#ring[this.#hand];
      if (slot !== undefined && !this.#isPinned(slot.entry) && eligible(slot.entry)) {
        // The hand stays: deleting the entry puts another one into its place.
        if (!slot.referenced) return slot.entry;
        slot.referenced = false;
      }
      this.#hand++;
    }
    return undefined;
  }

  *entries(): IterableIterator<E> {
    for (const slot of this.#slots.values()) yield slot.entry;
  }
}

/** Keys that the store did not have when it was last asked; each for a bounded time, all of them bounded in number. */
export class AbsentKeys {
  readonly #untilMs = new Map<string, number>();
  readonly #maxKeys: number;
  readonly #ttlMs: number;

  constructor(maxKeys: number, ttlMs: number) {
    this.#maxKeys = maxKeys;
    this.#ttlMs = ttlMs;
  }

  has(key: string, nowMs: number): boolean {
    const until = this.#untilMs.get(key);
    if (until === undefined) return false;
    if (until > nowMs) return true;
    this.#untilMs.delete(key);
    return false;
  }

  add(key: string, nowMs: number): void {
    this.#untilMs.delete(key);
    if (this.#untilMs.size >= this.#maxKeys) {
      for (const oldest of this.#untilMs.keys()) {
        this.#untilMs.delete(oldest);
        break;
      }
    }
    if (this.#maxKeys > 0) this.#untilMs.set(key, nowMs + this.#ttlMs);
  }

  remove(key: string): boolean {
    return this.#untilMs.delete(key);
  }

  /** All that are noted, some of them perhaps over their time. */
  keys(): IterableIterator<string> {
    return this.#untilMs.keys();
  }
}
