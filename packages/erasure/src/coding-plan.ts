/**
 * Which of the kernel's loops make the wanted chunks from those that are there. Pure: it knows indices and factors, no
 * bytes. Every lost chunk is a weighted sum of any `dataChunks` others. The fast ways are special cases of that: parity
 * row 0 and one lost data chunk are plain sums; rows 0 and 1 together go by Horner's rule, without tables, and so do two
 * lost data chunks when both rows are there. What is left takes tables, two chunks at a time.
 */
import { multiply } from './galois-field.ts';
import { invertMatrix, weightOf } from './matrix.ts';

/** Stands for a lost source. */
export const lostSource = -1;

/** One pass over the bytes; sources and targets are chunk indices. */
export type Step =
  | { readonly kind: 'sum'; readonly sources: readonly number[]; readonly target: number }
  | { readonly kind: 'sumPair'; readonly sources: readonly number[]; readonly targets: readonly [number, number] }
  | {
      readonly kind: 'solvePair';
      /** All data chunks, {@link lostSource} for the two lost ones, then parity chunks 0 and 1. */
      readonly sources: readonly number[];
      readonly targets: readonly [number, number];
      readonly tables: Uint8Array;
    }
  | {
      readonly kind: 'weigh';
      readonly sources: readonly number[];
      readonly target: number;
      /** Per source. */
      readonly tables: Uint8Array;
    }
  | {
      readonly kind: 'weighPair';
      readonly sources: readonly number[];
      readonly targets: readonly [number, number];
      /** Per source, of the first and of the second target. */
      readonly tables: Uint8Array;
    };

/** Bytes of one factor's table. */
export const tableBytes = 32;

/** The products of each factor with 0 … 15, then with 0, 16 … 240, as the kernel looks them up. */
export function tablesOf(factors: readonly number[]): Uint8Array {
  const tables = new Uint8Array(factors.length * tableBytes);
  for (const [at, factor] of factors.entries()) {
    for (let half = 0; half < 16; half++) {
      tables[at * tableBytes + half] = multiply(factor, half);
      tables[at * tableBytes + 16 + half] = multiply(factor, half << 4);
    }
  }
  return tables;
}

/** What makes all parity chunks from all data chunks. */
export function planEncode(dataChunks: number, parityChunks: number): readonly Step[] {
  const lost = Array.from({ length: parityChunks }, (_, row) => dataChunks + row);
  return planRebuild(dataChunks, parityChunks, lost, lost);
}

/**
 * What makes the `wanted` ones among the `lost` chunks; at most `parityChunks` are lost. Both ascend. A step may make a
 * chunk that is not wanted beside one that is.
 */
export function planRebuild(
  dataChunks: number,
  parityChunks: number,
  lost: readonly number[],
  wanted: readonly number[],
): readonly Step[] {
  if (wanted.length === 0) return [];
  const data = Array.from({ length: dataChunks }, (_, index) => index);
  const lostData = lost.filter((index) => index < dataChunks);
  const rows = Array.from({ length: parityChunks }, (_, row) => row).filter((row) => !lost.includes(dataChunks + row));
  const [first, second] = lostData;
  const isPair = lostData.length === 2 && rows[0] === 0 && rows[1] === 1;
  if (isPair && first !== undefined && second !== undefined && wanted.every((index) => index < dataChunks)) {
    return [solveStep(dataChunks, first, second)];
  }
  const [plain, powers] = [dataChunks, dataChunks + 1];
  if (lostData.length === 0 && wanted.includes(powers)) {
    const others = wanted.filter((index) => index > powers);
    return [{ kind: 'sumPair', sources: data, targets: [plain, powers] }, ...weighAll(data, data, others)];
  }
  const used = rows.slice(0, lostData.length).map((row) => dataChunks + row);
  const sources = [...data.filter((index) => !lost.includes(index)), ...used];
  return weighAll(data, sources, wanted);

  /** Each of `targets` from `sources`, two at a time. */
  function weighAll(data: readonly number[], sources: readonly number[], targets: readonly number[]): Step[] {
    const inverse = invertMatrix(sources.map((source) => data.map((index) => generatorAt(dataChunks, source, index))));
    if (inverse === undefined) throw new Error(`the code for ${dataChunks}+${parityChunks} has a defect`);
    const factors = targets.map((target) => factorsOf(dataChunks, target, inverse));
    const steps: Step[] = [];
    const tabled: number[] = [];
    for (const [at, target] of targets.entries()) {
      const own = factors[at] ?? [];
      if (own.every((factor) => factor <= 1)) {
        steps.push({ kind: 'sum', sources: sources.filter((_, source) => own[source] === 1), target });
      } else tabled.push(at);
    }
    for (let at = 0; at < tabled.length; at += 2)
      steps.push(weighStep(sources, targets, factors, tabled.slice(at, at + 2)));
    return steps;
  }
}

function weighStep(
  sources: readonly number[],
  targets: readonly number[],
  factors: readonly (readonly number[])[],
  [one = 0, other]: readonly number[],
): Step {
  const [target = 0, own = []] = [targets[one], factors[one]];
  if (other === undefined) return { kind: 'weigh', sources, target, tables: tablesOf(own) };
  const next = factors[other] ?? [];
  const tables = tablesOf(own.flatMap((factor, at) => [factor, next[at] ?? 0]));
  return { kind: 'weighPair', sources, targets: [target, targets[other] ?? 0], tables };
}

/** d_a = (2^b s + t) / (2^a + 2^b) and d_b = s + d_a, with s and t what the parity chunks have beyond the known data. */
function solveStep(dataChunks: number, first: number, second: number): Step {
  const lost = [first, second];
  const solution = invertMatrix([0, 1].map((row) => lost.map((index) => weightOf(row, index))));
  const sources = Array.from({ length: dataChunks + 2 }, (_, index) => (lost.includes(index) ? lostSource : index));
  return { kind: 'solvePair', sources, targets: [first, second], tables: tablesOf(solution?.[0] ?? []) };
}

/** The weight of data chunk `index` in chunk `chunk`, data or parity. */
function generatorAt(dataChunks: number, chunk: number, index: number): number {
  return chunk < dataChunks ? Number(chunk === index) : weightOf(chunk - dataChunks, index);
}

/** The weights of the sources, whose matrix has this inverse, in chunk `target`. */
function factorsOf(dataChunks: number, target: number, inverse: readonly (readonly number[])[]): readonly number[] {
  return inverse.map((_, source) =>
    inverse.reduce((sum, row, index) => sum ^ multiply(generatorAt(dataChunks, target, index), row[source] ?? 0), 0),
  );
}
