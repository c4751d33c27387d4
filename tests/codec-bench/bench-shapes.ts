/** Encoding and rebuilding of whole fragments, beside memcpy and ISA-L. */
import type { Report } from '../recovery-bench/report.ts';
import { BenchFragment, erasureFor } from './bench-fragment.ts';
import { IsalPeer, type IsalProgram, type IsalWork } from './isal-peer.ts';
import { type Contender, runRounds, type Standing, secondsOf } from './rounds.ts';

/** What is measured of one shape. */
export interface ShapeOptions {
  readonly shape: readonly [dataChunks: number, parityChunks: number];
  readonly chunkBytes: number;
  readonly rounds: number;
  /** Coded again and again until so many bytes of data went through, in each measurement. */
  readonly measuredBytes: number;
  /** Whether SION must be as fast as ISA-L's AVX2 path. */
  readonly isGoal: boolean;
}

const against = 'ISA-L AVX2';

/** Measures one shape and prints a table. */
export async function benchShape(
  program: IsalProgram | undefined,
  options: ShapeOptions,
  report: Report,
): Promise<void> {
  const { shape, chunkBytes, measuredBytes, rounds } = options;
  const [dataChunks, parityChunks] = shape;
  const erasure = erasureFor(dataChunks, parityChunks, chunkBytes);
  const inside = new BenchFragment(erasure, 'slabs', shape, chunkBytes);
  const outside = new BenchFragment(erasure, 'elsewhere', shape, chunkBytes);
  const peer = program === undefined ? undefined : new IsalPeer(program, dataChunks, parityChunks, chunkBytes);
  const title = `RS(${dataChunks}+${parityChunks}), chunks of ${chunkBytes.toLocaleString('en')} bytes`;
  try {
    const sums = new Set([inside.verify(), outside.verify(), ...(peer === undefined ? [] : [await peer.verify()])]);
    if (sums.size !== 1 || sums.has('wrong')) return report.miss(`${title}: bytes differ, ${[...sums].join(' | ')}`);
    const repeats = Math.max(1, Math.round(measuredBytes / (dataChunks * chunkBytes)));
    const bytes = repeats * dataChunks * chunkBytes;
    const rows: string[][] = [];
    for (const work of worksOf(parityChunks)) {
      const contenders = contendersOf(inside, outside, peer, work, repeats);
      const standings = await runRounds(contenders, rounds, bytes);
      rows.push(...rowsOf(work, standings));
      if (options.isGoal && peer !== undefined) judge(report, `${title}, ${work}`, standings);
    }
    report.say(`\n${title}, ${erasure.kind}; every byte verified before`);
    report.table([['', '', 'GB/s of data', '× ISA-L AVX2', '× memcpy'], ...rows]);
    if ([inside.verify(), outside.verify()].some((sum) => !sums.has(sum)))
      report.miss(`${title}: bytes differ at the end`);
  } finally {
    await peer?.stop();
  }
}

type Work = Exclude<IsalWork, 'memcpy'>;

function worksOf(parityChunks: number): readonly Work[] {
  return parityChunks === 1 ? ['encode', 'rebuild1'] : ['encode', 'rebuild1', 'rebuild2'];
}

function contendersOf(
  inside: BenchFragment,
  outside: BenchFragment,
  peer: IsalPeer | undefined,
  work: Work,
  repeats: number,
): readonly Contender[] {
  const target = outside.data.map(({ length }) => new Uint8Array(length).fill(1));
  // The first one brings into the caches what may be there, and does not count.
  const repeated = (call: () => void) => () => {
    call();
    return secondsOf(() => {
      for (let repeat = 0; repeat < repeats; repeat++) call();
    });
  };
  const own = (fragment: BenchFragment) =>
    repeated(work === 'encode' ? () => fragment.encode() : () => fragment.rebuild(work === 'rebuild1' ? 1 : 2));
  const copy = repeated(() => {
    for (const [index, chunk] of outside.data.entries()) target[index]?.set(chunk);
  });
  const contenders: Contender[] = [
    { name: 'memcpy', measure: copy },
    { name: 'SION, bytes in slabs', measure: own(inside) },
    { name: 'SION, bytes elsewhere', measure: own(outside) },
  ];
  if (peer !== undefined) {
    contenders.push({ name: against, measure: () => peer.measure('avx2', work, repeats) });
    contenders.push({ name: 'ISA-L, its choice', measure: () => peer.measure('auto', work, repeats) });
  }
  return contenders;
}

function rowsOf(work: Work, standings: readonly Standing[]): string[][] {
  return standings.map(({ name, gbPerSecond, ratios }, at) => [
    at === 0 ? work : '',
    name,
    gbPerSecond.toFixed(1),
    ratios.get(against)?.toFixed(2) ?? '-',
    ratios.get('memcpy')?.toFixed(2) ?? '-',
  ]);
}

function judge(report: Report, what: string, standings: readonly Standing[]): void {
  const ratio = standings.find(({ name }) => name === 'SION, bytes in slabs')?.ratios.get(against) ?? 0;
  if (ratio < 1) report.miss(`${what}: ${ratio.toFixed(2)} times ISA-L's AVX2 path, below 1.00`);
}
