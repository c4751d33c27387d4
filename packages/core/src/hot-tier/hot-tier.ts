/**
 * Which objects the proxy keeps in its own memory: S3-FIFO (Yang et al., SOSP 2023), by bytes. New ones pass through a small
 * queue; those that are asked for again while they are there, or soon after they have left it, go to the main one. So what
 * is asked for once, most of what there is, passes through a tenth of the memory and leaves the rest alone. A hit only counts:
 * nothing is moved for it.
 *
 *     admit ──► small (a tenth) ── asked for again ──► main ──┐ asked for again: once more
 *        │          │ not                               ▲ │ ◄─┘
 *        │          ▼                                   │ ▼ not
 *        │       gone, its name remembered ── admit ────┘ gone
 *
 * Why this one of several stands in `docs/decisions/0015-hot-tier.md`. It holds accounts, no bytes, and decides only: whoever
 * drives it lets go what it says.
 */

/** Something that is kept; made by {@link HotTier.admit}, and of no use once it is evicted or removed. */
export interface HotSlot<T> {
  readonly item: T;
  /** Bytes that it counts for. */
  readonly costBytes: number;
}

interface Slot<T> extends HotSlot<T> {
  readonly nameHash: number;
  queue: Queue<T> | undefined;
  /** How often it was asked for since it came into its queue; counted up to {@link mostUses}. */
  uses: number;
  older: Slot<T> | undefined;
  younger: Slot<T> | undefined;
}

/** First in, first out; any one may leave. */
class Queue<T> {
  bytes = 0;
  #oldest: Slot<T> | undefined;
  #youngest: Slot<T> | undefined;

  get oldest(): Slot<T> | undefined {
    return this.#oldest;
  }

  push(slot: Slot<T>): void {
    slot.queue = this;
    slot.uses = 0;
    slot.older = this.#youngest;
    slot.younger = undefined;
    if (this.#youngest === undefined) this.#oldest = slot;
    else this.#youngest.younger = slot;
    this.#youngest = slot;
    this.bytes += slot.costBytes;
  }

  remove(slot: Slot<T>): void {
    if (slot.older === undefined) this.#oldest = slot.younger;
    else slot.older.younger = slot.younger;
    if (slot.younger === undefined) this.#youngest = slot.older;
    else slot.younger.older = slot.older;
    slot.queue = undefined;
    this.bytes -= slot.costBytes;
  }
}

const smallShare = 0.1;
const mostUses = 3;
/** Names of those that have left the small queue: as many as there are items, and at least so many. */
const leastRememberedNames = 64;

export class HotTier<T> {
  readonly maxBytes: number;
  readonly #small = new Queue<T>();
  readonly #main = new Queue<T>();
  readonly #gone = new Set<number>();
  #count = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Of all that is kept; never above {@link maxBytes}. */
  get bytes(): number {
    return this.#small.bytes + this.#main.bytes;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Takes an item in, and tells `evict` what has to go for it; undefined when it is larger than what there is for new ones. An
   * item must not be in already.
   */
  admit(item: T, name: string, costBytes: number, evict: (item: T) => void): HotSlot<T> | undefined {
    if (costBytes > this.maxBytes * smallShare) return undefined;
    while (this.bytes + costBytes > this.maxBytes) this.#evictOne(evict);
    const nameHash = hashOf(name);
    const slot: Slot<T> = {
      item,
      costBytes,
      nameHash,
      queue: undefined,
      uses: 0,
      older: undefined,
      younger: undefined,
    };
    (this.#gone.delete(nameHash) ? this.#main : this.#small).push(slot);
    this.#count++;
    return slot;
  }

  /** It was asked for. */
  hit(slot: HotSlot<T>): void {
    const own = slot as Slot<T>;
    if (own.uses < mostUses) own.uses++;
  }

  /** It is not kept any more. Does nothing when it was evicted. */
  remove(slot: HotSlot<T>): void {
    const own = slot as Slot<T>;
    if (own.queue === undefined) return;
    own.queue.remove(own);
    this.#count--;
  }

  #evictOne(evict: (item: T) => void): void {
    for (;;) {
      const isSmall = this.#small.bytes > this.maxBytes * smallShare || this.#main.oldest === undefined;
      const queue = isSmall ? this.#small : this.#main;
      const slot = queue.oldest;
      if (slot === undefined) return;
      const { uses } = slot;
      queue.remove(slot);
      if (uses > 0) {
        this.#main.push(slot);
        slot.uses = isSmall ? 0 : uses - 1;
        continue;
      }
      if (isSmall) this.#remember(slot.nameHash);
      this.#count--;
      evict(slot.item);
      return;
    }
  }

  #remember(nameHash: number): void {
    this.#gone.add(nameHash);
    const most = Math.max(leastRememberedNames, this.#count);
    for (const oldest of this.#gone) {
      if (this.#gone.size <= most) return;
      this.#gone.delete(oldest);
    }
  }
}

/** FNV-1a. Names that share a hash only make one of them look known. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
