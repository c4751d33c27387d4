/** What coding adds to taking a fragment in: its bytes are copied piece by piece, as they come, into the fragment's memory. */
import { createErasure, createParityStream } from '@sion/erasure';
import type { Report } from '../recovery-bench/report.ts';
import { runRounds, secondsOf, wallSecondsOf } from './rounds.ts';

/** So many fragments' worth of memory is passed through, so that what comes is not in the caches. */
const fragments = 20;

/** Measures 10+2 with the default chunk size, in pieces as sockets give them, and prints a table. */
export async function benchArrival(rounds: number, pieceBytes: number, report: Report): Promise<void> {
  const [dataChunks, parityChunks, chunkBytes] = [10, 2, 1024 * 1024];
  const fragmentBytes = dataChunks * chunkBytes;
  const erasure = createErasure({ slabBytes: fragments * (fragmentBytes + parityChunks * (chunkBytes + 192)) });
  const codec = erasure.codec(dataChunks, parityChunks);
  const source = Buffer.alloc(fragmentBytes * fragments, 'what comes');
  const places = Array.from({ length: fragments }, () => {
    const slab = erasure.takeSlab(fragmentBytes + parityChunks * (chunkBytes + 192));
    if (slab === undefined) throw new Error('the slabs are too small');
    const data = slab.bytes.fill(1).subarray(0, fragmentBytes);
    const chunks = Array.from({ length: dataChunks }, (_, at) => data.subarray(at * chunkBytes, (at + 1) * chunkBytes));
    const parity = Array.from({ length: parityChunks }, (_, row) => {
      const start = fragmentBytes + row * chunkBytes + (row + 1) * 64;
      return slab.bytes.subarray(start, start + chunkBytes);
    });
    return { data, chunks, parity };
  });
  const lastMs: number[][] = [];
  const take = (name: string, runChunks: number | undefined) => {
    const tails: number[] = [];
    lastMs.push(tails);
    const measure = () =>
      secondsOf(() => {
        for (const [at, { data, chunks, parity }] of places.entries()) {
          const stream =
            runChunks === undefined || runChunks === 0
              ? undefined
              : createParityStream({ codec, data: chunks, parity, runChunks });
          for (let filled = 0; filled < fragmentBytes; filled += pieceBytes) {
            const start = at * fragmentBytes + filled;
            data.set(source.subarray(start, Math.min(start + pieceBytes, (at + 1) * fragmentBytes)), filled);
            const end = Math.min(fragmentBytes, filled + pieceBytes);
            if (end < fragmentBytes) stream?.advance(end);
          }
          tails.push(
            wallSecondsOf(() => {
              if (runChunks === 0) codec.encode(chunks, parity);
              else stream?.advance(fragmentBytes);
            }) * 1000,
          );
        }
      });
    return { name, measure };
  };
  const contenders = [
    take('copied only', undefined),
    take('coded at the end', 0),
    ...[10, 5, 2, 1].map((runChunks) => take(`coded by runs of ${runChunks}`, runChunks)),
  ];
  const standings = await runRounds(contenders, rounds, fragmentBytes * fragments);
  report.say(`\nRS(10+2) while bytes come in pieces of ${pieceBytes.toLocaleString('en')}, fragments of 10 MiB`);
  report.table([
    ['', 'GB/s of data', '× copied only', 'ms after the last byte'],
    ...standings.map(({ name, gbPerSecond, ratios }, at) => {
      const tails = (lastMs[at] ?? []).toSorted((a, b) => a - b);
      const median = tails[tails.length >> 1] ?? Number.NaN;
      return [name, gbPerSecond.toFixed(1), ratios.get('copied only')?.toFixed(2) ?? '-', median.toFixed(2)];
    }),
  ]);
}
