/**
 * Lost chunks of a fragment, made slice by slice while the others' bytes come, in any interleaving: what all of them have
 * reached is rebuilt, and may be passed on before the rest is there. After the last byte one slice is left to do.
 *
 * Owns no bytes: chunks and targets are the caller's memory.
 */
import type { Codec } from './codec.ts';
import { sliceBytes } from './coding-memory.ts';

/** What a {@link RebuildStream} works on. */
export interface RebuildStreamParts {
  readonly codec: Codec;
  /** By index, to be filled, each from its beginning; undefined where nothing comes. All that are given are waited for. */
  readonly chunks: readonly (Uint8Array | undefined)[];
  /** The chunks to make, of one length, which is that of the chunks. */
  readonly targets: ReadonlyMap<number, Uint8Array>;
}

/** See the head of this file. */
export interface RebuildStream {
  /** Chunk `index` has its first `filledBytes`. Gives how many bytes of every target are made by now. */
  advance(index: number, filledBytes: number): number;
}

/** Begins to rebuild; throws `RangeError` when the chunks cannot give the targets. */
export function createRebuildStream({ codec, chunks, targets }: RebuildStreamParts): RebuildStream {
  const [first] = targets.values();
  const chunkBytes = first?.length ?? 0;
  const filled = chunks.map((chunk) => (chunk === undefined || chunk.length === 0 ? chunkBytes : 0));
  let doneBytes = 0;
  const make = (start: number, end: number) => {
    const sources = chunks.map((chunk) => chunk?.subarray(start, end));
    codec.rebuildInto(sources, new Map([...targets].map(([index, target]) => [index, target.subarray(start, end)])));
    doneBytes = end;
  };
  make(0, 0);
  return {
    advance(index, filledBytes) {
      const chunk = chunks[index];
      filled[index] = chunk === undefined || filledBytes >= chunk.length ? chunkBytes : filledBytes;
      const there = Math.min(...filled);
      const end = there < chunkBytes ? there - (there % sliceBytes) : chunkBytes;
      if (end > doneBytes) make(doneBytes, end);
      return doneBytes;
    },
  };
}
