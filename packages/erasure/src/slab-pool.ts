/**
 * Hands out slabs, pieces of one given range of memory, and takes them back. Bounded by the range: when nothing fits, there
 * is no slab, and the caller takes ordinary memory. The lowest gap that is long enough is used, so that what was touched
 * before is touched again and the rest stays untouched. It counts what is out, for tests that look for leaks.
 */

/** Memory that was handed out. Whoever has it gives it back, once, when nobody reads or writes it any more. */
export interface Slab {
  /** Holds whatever was there before. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Gives the memory back; a second call does nothing. */
  release(): void;
}

/** A gap [start, end). */
interface Gap {
  start: number;
  end: number;
}

/** Slabs begin at multiples of this and have so many bytes for themselves: a cache line. */
const grainBytes = 64;

export class SlabPool {
  readonly totalBytes: number;
  readonly #memory: ArrayBuffer;
  /** By address; none touches the next. */
  readonly #gaps: Gap[];
  #usedBytes = 0;
  #slabs = 0;

  /** Over [start, end) of `memory`. */
  constructor(memory: ArrayBuffer, start: number, end: number) {
    const [first, last] = [Math.ceil(start / grainBytes) * grainBytes, Math.floor(end / grainBytes) * grainBytes];
    this.totalBytes = Math.max(0, last - first);
    this.#memory = memory;
    this.#gaps = this.totalBytes > 0 ? [{ start: first, end: last }] : [];
  }

  /** Bytes that are out, each slab rounded up to whole cache lines. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Slabs that are out. */
  get slabs(): number {
    return this.#slabs;
  }

  /** A slab of `lengthBytes`; undefined when no gap is long enough. */
  take(lengthBytes: number): Slab | undefined {
    const spanBytes = Math.max(grainBytes, Math.ceil(lengthBytes / grainBytes) * grainBytes);
    const at = this.#gaps.findIndex(({ start, end }) => end - start >= spanBytes);
    const gap = this.#gaps[at];
    if (gap === undefined) return undefined;
    const { start } = gap;
    gap.start += spanBytes;
    if (gap.start === gap.end) this.#gaps.splice(at, 1);
    this.#usedBytes += spanBytes;
    this.#slabs++;
    let isOut = true;
    const release = () => {
      if (isOut) this.#giveBack(start, start + spanBytes);
      isOut = false;
    };
    return { bytes: new Uint8Array(this.#memory, start, lengthBytes), release };
  }

  #giveBack(start: number, end: number): void {
    this.#usedBytes -= end - start;
    this.#slabs--;
    const found = this.#gaps.findIndex((gap) => gap.start >= end);
    const at = found === -1 ? this.#gaps.length : found;
    const [before, after] = [this.#gaps[at - 1], this.#gaps[at]];
    const joinsAfter = after !== undefined && after.start === end;
    if (before !== undefined && before.end === start) {
      before.end = joinsAfter ? after.end : end;
      if (joinsAfter) this.#gaps.splice(at, 1);
    } else if (joinsAfter) after.start = start;
    else this.#gaps.splice(at, 0, { start, end });
  }
}
