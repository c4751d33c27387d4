/**
 * Walks the chunks of one call slice by slice and tells where each slice lies in the kernel's memory: in place, or in the
 * chunk's block, to which it is copied and from which results are copied back. Where the chunks lie is found out once per
 * call; a slice costs arithmetic only.
 */
import { type CodingMemory, elsewhere, longSliceBytes, sliceBytes, stepBytes } from './coding-memory.ts';

/** By chunk index. */
export type Chunks = readonly (Uint8Array | undefined)[];

export class SliceWalk {
  /** Where the current slice of each chunk lies, by chunk index. */
  readonly addresses: number[];
  readonly #memory: CodingMemory;
  readonly #bases: number[];
  readonly #lengths: number[];

  constructor(memory: CodingMemory, chunks: number) {
    this.#memory = memory;
    this.addresses = new Array<number>(chunks).fill(0);
    this.#bases = new Array<number>(chunks).fill(0);
    this.#lengths = new Array<number>(chunks).fill(0);
  }

  /**
   * Calls `code` for each slice of [0, lengthBytes) with its length. `reads` are brought from `sources` before, `writes` to
   * `targets` after it, both chunk indices; what is in both is brought both ways. Missing sources and tails read as zeros;
   * a missing target is written to a block and forgotten. `passes` is how often `code` reads a slice: more than once, and
   * slices are short enough for the caches.
   */
  walk(
    lengthBytes: number,
    { sources, reads, targets, writes, passes }: SliceWork,
    code: (lengthBytes: number) => void,
  ): void {
    for (const chunk of writes) this.#open(chunk, targets[chunk]);
    for (const chunk of reads) this.#open(chunk, sources[chunk]);
    const most = passes === 1 && this.#areInPlace(reads, lengthBytes) && this.#areInPlace(writes, lengthBytes);
    for (let start = 0; start < lengthBytes; ) {
      const bytes = sliceAfter(lengthBytes - start, most ? longSliceBytes : sliceBytes);
      for (const chunk of writes) this.addresses[chunk] = this.#targetAt(chunk, start, bytes);
      for (const chunk of reads) this.addresses[chunk] = this.#sourceAt(chunk, sources[chunk], start, bytes);
      code(bytes);
      for (const chunk of writes) {
        const target = targets[chunk];
        if (target === undefined || this.#isInPlace(chunk, start, bytes)) continue;
        this.#memory.copyOut(chunk, target, start, bytes);
      }
      start += bytes;
    }
  }

  #open(chunk: number, bytes: Uint8Array | undefined): void {
    this.#bases[chunk] = bytes === undefined ? elsewhere : this.#memory.addressOf(bytes);
    this.#lengths[chunk] = bytes?.length ?? 0;
  }

  #sourceAt(chunk: number, bytes: Uint8Array | undefined, start: number, lengthBytes: number): number {
    if (this.#isInPlace(chunk, start, lengthBytes)) return (this.#bases[chunk] ?? 0) + start;
    if (bytes === undefined || start >= bytes.length) return this.#memory.zeros;
    return this.#memory.copyIn(chunk, bytes, start, lengthBytes);
  }

  #targetAt(chunk: number, start: number, lengthBytes: number): number {
    if (this.#isInPlace(chunk, start, lengthBytes)) return (this.#bases[chunk] ?? 0) + start;
    return this.#memory.blockOf(chunk);
  }

  #areInPlace(chunks: readonly number[], lengthBytes: number): boolean {
    return chunks.every((chunk) => this.#bases[chunk] !== elsewhere && this.#lengths[chunk] === lengthBytes);
  }

  #isInPlace(chunk: number, start: number, lengthBytes: number): boolean {
    if (this.#bases[chunk] === elsewhere || lengthBytes % stepBytes !== 0) return false;
    return start + lengthBytes <= (this.#lengths[chunk] ?? 0);
  }
}

/** What a walk reads and writes. */
export interface SliceWork {
  readonly sources: Chunks;
  readonly reads: readonly number[];
  readonly targets: Chunks;
  readonly writes: readonly number[];
  readonly passes: number;
}

/** The next slice of what is left: as much as fits in whole steps, then the rest. */
function sliceAfter(leftBytes: number, mostBytes: number): number {
  const bytes = Math.min(leftBytes, mostBytes);
  return bytes < stepBytes ? bytes : bytes - (bytes % stepBytes);
}
