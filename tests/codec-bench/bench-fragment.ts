/**
 * A fragment to measure with: chunks in slabs or in ordinary memory, filled as isal.c fills its own, what coding makes of
 * them, and the check of every byte of it.
 */
import { crc32 } from 'node:zlib';
import { type Codec, createErasure, type Erasure } from '@sion/erasure';

/** Where the chunks' bytes lie. */
export type Place = 'slabs' | 'elsewhere';

/** Slabs for a fragment, what is rebuilt of it, a second data part, and what alignment takes. */
export function erasureFor(dataChunks: number, parityChunks: number, chunkBytes: number): Erasure {
  return createErasure({ slabBytes: (2 * dataChunks + 2 * parityChunks + 4) * (chunkBytes + 8 * 1024) });
}

export class BenchFragment {
  readonly codec: Codec;
  readonly chunkBytes: number;
  readonly data: readonly Uint8Array[];
  readonly parity: readonly Uint8Array[];
  readonly #spare: readonly Uint8Array[];

  constructor(
    erasure: Erasure,
    place: Place,
    [dataChunks, parityChunks]: readonly [number, number],
    chunkBytes: number,
  ) {
    this.codec = erasure.codec(dataChunks, parityChunks);
    this.chunkBytes = chunkBytes;
    let made = 0;
    const memory = () => {
      // Chunks do not begin at the same place of a page: see isal.c.
      const skew = 192 * made++;
      const whole = chunkBytes + 192 * 32;
      const bytes = place === 'slabs' ? erasure.takeSlab(whole)?.bytes : new Uint8Array(whole);
      if (bytes === undefined) throw new Error('the slabs are too small');
      return bytes.fill(1).subarray(skew, skew + chunkBytes);
    };
    this.data = Array.from({ length: dataChunks }, (_, index) => fill(memory(), index));
    this.parity = Array.from({ length: parityChunks }, memory);
    this.#spare = Array.from({ length: parityChunks }, memory);
  }

  encode(): void {
    this.codec.encode(this.data, this.parity);
  }

  /** Data chunks 0 … lost - 1, from the others and as many parity chunks. */
  rebuild(lost: number): void {
    const chunks = [...this.data, ...this.parity].map((chunk, index) =>
      index < lost || index >= this.data.length + lost ? undefined : chunk,
    );
    this.codec.rebuildInto(chunks, new Map(this.#spare.slice(0, lost).entries()));
  }

  /** The CRC-32 of each parity chunk as isal.c tells it, when every lost chunk is rebuilt byte for byte; else "wrong". */
  verify(): string {
    this.encode();
    for (let lost = 1; lost <= this.parity.length; lost++) {
      for (const chunk of this.#spare) chunk.fill(lost);
      this.rebuild(lost);
      for (let index = 0; index < lost; index++) {
        if (Buffer.compare(this.#spare[index] ?? this.data[0]!, this.data[index]!) !== 0) return 'wrong';
      }
    }
    return this.parity.map((chunk) => crc32(chunk).toString(16).padStart(8, '0')).join(' ');
  }
}

function fill(chunk: Uint8Array, seed: number): Uint8Array {
  let state = Math.imul(seed, 0x9e3779b1) + 1;
  for (let at = 0; at < chunk.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    chunk[at] = state >>> 24;
  }
  return chunk;
}
