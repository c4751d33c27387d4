/**
 * The keys of which anything was learned while a snapshot is being loaded: written, looked up, seen in a listing,
 * invalidated. What the snapshot says of them may be older, and is not believed. Bounded: when there are too many, every
 * key counts as learned, which costs requests to the store and nothing else.
 */
import type { Key } from './objects.ts';

/** Far more than are used while a snapshot of some hundred thousand entries is loaded. */
const maxLearnedKeys = 65_536;

/** Each key is held against all of them. */
const maxLearnedPrefixes = 64;

export interface LearnedLimits {
  readonly maxKeys?: number;
  readonly maxPrefixes?: number;
}

export class LearnedKeys {
  readonly #maxKeys: number;
  readonly #maxPrefixes: number;
  readonly #keys = new Set<Key>();
  readonly #prefixes = new Set<Key>();
  #isFull = false;

  constructor({ maxKeys = maxLearnedKeys, maxPrefixes = maxLearnedPrefixes }: LearnedLimits = {}) {
    this.#maxKeys = maxKeys;
    this.#maxPrefixes = maxPrefixes;
  }

  /** True when there were too many: nothing more can be restored. */
  get isFull(): boolean {
    return this.#isFull;
  }

  add(key: Key): void {
    if (this.#isFull || this.#keys.has(key)) return;
    if (this.#keys.size >= this.#maxKeys) this.#overflow();
    else this.#keys.add(key);
  }

  /** All keys with this prefix, whether or not anything is known of them. */
  addPrefix(prefix: Key): void {
    if (this.#isFull || this.#prefixes.has(prefix)) return;
    if (this.#prefixes.size >= this.#maxPrefixes) this.#overflow();
    else this.#prefixes.add(prefix);
  }

  has(key: Key): boolean {
    if (this.#isFull || this.#keys.has(key)) return true;
    for (const prefix of this.#prefixes) if (key.startsWith(prefix)) return true;
    return false;
  }

  #overflow(): void {
    this.#isFull = true;
    this.#keys.clear();
    this.#prefixes.clear();
  }
}
