/** Caches by policy, each with the same face: what the hot tier is held against. */
import { type HotSlot, HotTier } from '@sion/core';

export interface Cache {
  /** Asks for an object, and takes it in when it was not there and is worth it; true = it was there. */
  ask(key: string, sizeBytes: number): boolean;
}

export const policies = {
  'S3-FIFO': (maxBytes: number) => new TierCache(maxBytes),
  LRU: (maxBytes: number) => new LruCache(maxBytes),
  CLOCK: (maxBytes: number) => new ClockCache(maxBytes),
  'W-TinyLFU': (maxBytes: number) => new TinyLfuCache(maxBytes),
} as const;

class TierCache implements Cache {
  readonly #tier: HotTier<string>;
  readonly #slots = new Map<string, HotSlot<string>>();

  constructor(maxBytes: number) {
    this.#tier = new HotTier(maxBytes);
  }

  ask(key: string, sizeBytes: number): boolean {
    const slot = this.#slots.get(key);
    if (slot !== undefined) {
      this.#tier.hit(slot);
      return true;
    }
    const admitted = this.#tier.admit(key, key, sizeBytes, (gone) => this.#slots.delete(gone));
    if (admitted !== undefined) this.#slots.set(key, admitted);
    return false;
  }
}

class LruCache implements Cache {
  readonly #maxBytes: number;
  readonly #sizes = new Map<string, number>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  ask(key: string, sizeBytes: number): boolean {
    const isThere = this.#sizes.delete(key);
    if (isThere) {
      this.#sizes.set(key, sizeBytes);
      return true;
    }
    if (sizeBytes > this.#maxBytes) return false;
    this.#sizes.set(key, sizeBytes);
    this.#bytes += sizeBytes;
    for (const [oldest, bytes] of this.#sizes) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#sizes.delete(oldest);
      this.#bytes -= bytes;
    }
    return false;
  }
}

interface ClockSlot {
  readonly key: string;
  readonly sizeBytes: number;
  isUsed: boolean;
}

class ClockCache implements Cache {
  readonly #maxBytes: number;
  readonly #slots = new Map<string, ClockSlot>();
  #ring: ClockSlot[] = [];
  #hand = 0;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  ask(key: string, sizeBytes: number): boolean {
    const slot = this.#slots.get(key);
    if (slot !== undefined) {
      slot.isUsed = true;
      return true;
    }
    if (sizeBytes > this.#maxBytes) return false;
    while (this.#bytes + sizeBytes > this.#maxBytes) this.#evict();
    const fresh = { key, sizeBytes, isUsed: false };
    this.#slots.set(key, fresh);
    this.#ring.push(fresh);
    this.#bytes += sizeBytes;
    return false;
  }

  #evict(): void {
    if (this.#hand >= this.#ring.length) {
      this.#ring = this.#ring.filter((slot) => this.#slots.get(slot.key) === slot);
      this.#hand = 0;
    }
    const slot = this.#ring[this.#hand++];
    if (slot === undefined || this.#slots.get(slot.key) !== slot) return;
    if (slot.isUsed) slot.isUsed = false;
    else {
      this.#slots.delete(slot.key);
      this.#bytes -= slot.sizeBytes;
    }
  }
}

/** Counts of how often names were asked for, about: four rows of small counters, halved now and then (count-min sketch). */
class Sketch {
  readonly #counters: Uint8Array;
  readonly #mask: number;
  #added = 0;

  constructor(width: number) {
    const rounded = 2 ** Math.ceil(Math.log2(width));
    this.#counters = new Uint8Array(4 * rounded);
    this.#mask = rounded - 1;
  }

  add(key: string): void {
    for (const at of this.#places(key)) this.#counters[at] = Math.min(15, (this.#counters[at] ?? 0) + 1);
    this.#added++;
    if (this.#added < 10 * (this.#mask + 1)) return;
    this.#added >>= 1;
    for (let at = 0; at < this.#counters.length; at++) this.#counters[at] = (this.#counters[at] ?? 0) >> 1;
  }

  count(key: string): number {
    return Math.min(...this.#places(key).map((at) => this.#counters[at] ?? 0));
  }

  #places(key: string): readonly number[] {
    let hash = 0x811c9dc5;
    for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
    return [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f].map((factor, row) => {
      const mixed = Math.imul(hash ^ (hash >>> 15), factor);
      return row * (this.#mask + 1) + ((mixed ^ (mixed >>> 13)) & this.#mask);
    });
  }
}

/** A window of 1 % (LRU) before a main space (LRU too, not segmented), into which only what is asked for more often comes. */
class TinyLfuCache implements Cache {
  readonly #maxBytes: number;
  readonly #sketch = new Sketch(65_536);
  readonly #window = new Map<string, number>();
  readonly #main = new Map<string, number>();
  #windowBytes = 0;
  #mainBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  ask(key: string, sizeBytes: number): boolean {
    this.#sketch.add(key);
    for (const space of [this.#main, this.#window]) {
      if (!space.delete(key)) continue;
      space.set(key, sizeBytes);
      return true;
    }
    if (sizeBytes > this.#maxBytes) return false;
    this.#window.set(key, sizeBytes);
    this.#windowBytes += sizeBytes;
    for (const [oldest, bytes] of this.#window) {
      if (this.#windowBytes <= this.#maxBytes / 100) break;
      this.#window.delete(oldest);
      this.#windowBytes -= bytes;
      this.#promote(oldest, bytes);
    }
    return false;
  }

  #promote(key: string, sizeBytes: number): void {
    const wanted = this.#sketch.count(key);
    const victims: [string, number][] = [];
    let freed = this.#maxBytes * 0.99 - this.#mainBytes;
    for (const victim of this.#main) {
      if (freed >= sizeBytes) break;
      if (this.#sketch.count(victim[0]) >= wanted) return;
      victims.push(victim);
      freed += victim[1];
    }
    if (freed < sizeBytes) return;
    for (const [victim, bytes] of victims) {
      this.#main.delete(victim);
      this.#mainBytes -= bytes;
    }
    this.#main.set(key, sizeBytes);
    this.#mainBytes += sizeBytes;
  }
}
