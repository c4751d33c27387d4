/**
 * Parity of a fragment whose bytes come in order: with the last byte it is complete. Coding at the end reads everything
 * once, but all of it after the last byte; adding each piece at once reads and writes the parity chunks again for every
 * data chunk. Between the two, chunks are taken in **runs** of consecutive ones: when bytes of a run's last chunk come, they
 * and those at the same offsets of the run's other chunks are added together. What is left to do after the last byte is
 * one slice.
 *
 * Owns no bytes: the data chunks are the caller's memory that it fills, the parity chunks likewise.
 */
import type { Codec } from './codec.ts';
import { sliceBytes } from './coding-memory.ts';

/** What a {@link ParityStream} works on. */
export interface ParityStreamParts {
  readonly codec: Codec;
  /** The fragment's data chunks, to be filled in order; all but the first may be shorter than it, in the end empty. */
  readonly data: readonly Uint8Array[];
  /** Of the length of the first data chunk; whatever they held before. */
  readonly parity: readonly Uint8Array[];
  /** Chunks per run; all of them in one unless given. */
  readonly runChunks?: number;
}

/** See the head of this file. */
export interface ParityStream {
  /** The fragment's first `filledBytes` are there; it grows from call to call. Codes whole slices, and at the end all. */
  advance(filledBytes: number): void;
}

interface Run {
  readonly first: number;
  readonly chunks: readonly Uint8Array[];
  /** Fragment bytes before the run's last chunk. */
  readonly beforeLast: number;
  doneBytes: number;
}

/** Begins the parity of a fragment. */
export function createParityStream(parts: ParityStreamParts): ParityStream {
  const { codec, data, parity, runChunks = data.length } = parts;
  const chunkBytes = data[0]?.length ?? 0;
  const totalBytes = data.reduce((sum, chunk) => sum + chunk.length, 0);
  const runs: Run[] = [];
  for (let first = 0; first < data.length; first += runChunks) {
    const chunks = data.slice(first, first + runChunks);
    runs.push({ first, chunks, beforeLast: (first + chunks.length - 1) * chunkBytes, doneBytes: 0 });
  }
  if (runs.length > 1) for (const chunk of parity) chunk.fill(0);
  const code = (run: Run, end: number) => {
    const start = run.doneBytes;
    run.doneBytes = end;
    if (runs.length === 1) codec.encode(slices(data, start, end), slices(parity, start, end));
    else codec.addRunToParity(parity, run.first, slices(run.chunks, start, end), start);
  };
  return {
    advance(filledBytes) {
      for (const run of runs) {
        const there = filledBytes >= totalBytes ? chunkBytes : Math.min(chunkBytes, filledBytes - run.beforeLast);
        if (there < chunkBytes && there - run.doneBytes < sliceBytes) continue;
        const end = there < chunkBytes ? there - (there % sliceBytes) : chunkBytes;
        if (end > run.doneBytes) code(run, end);
      }
    },
  };
}

function slices(chunks: readonly Uint8Array[], start: number, end: number): Uint8Array[] {
  return chunks.map((chunk) => chunk.subarray(start, end));
}
