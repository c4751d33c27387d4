/**
 * The generator of the code and the inversion of small matrices over GF(2^8). The code is systematic: data chunks are
 * stored as they are, and parity row r weighs data chunk i with (2^r)^i, as ISA-L's `gf_gen_rs_matrix` does. Row 0 is
 * plain XOR, row 1 the powers of two.
 *
 * Such a matrix does not survive every loss for every shape. It does up to the limits below: a test inverts every loss
 * pattern of every shape within them. Shapes beyond are refused.
 */
import { inverse, multiply, powerOfTwo } from './galois-field.ts';

/** The most chunks, data and parity together, that a codec handles. */
export const maxChunks = 14;

/** The most parity chunks that a codec handles. */
export const maxParityChunks = 4;

/** The weight of data chunk `index` in parity row `row`. */
export function weightOf(row: number, index: number): number {
  return powerOfTwo(row * index);
}

/** The inverse of a square matrix, given by rows; undefined when it has none. The argument is left as it was. */
export function invertMatrix(matrix: readonly (readonly number[])[]): number[][] | undefined {
  const size = matrix.length;
  const work = matrix.map((row, at) => [...row, ...Array.from({ length: size }, (_, column) => Number(column === at))]);
  for (let column = 0; column < size; column++) {
    const pivotAt = work.findIndex((row, at) => at >= column && row[column] !== 0);
    const pivot = work[pivotAt];
    const displaced = work[column];
    if (pivot === undefined || displaced === undefined) return undefined;
    work[pivotAt] = displaced;
    const scale = inverse(pivot[column] ?? 0);
    const unit = pivot.map((value) => multiply(value, scale));
    for (const [at, row] of work.entries()) {
      const factor = row[column] ?? 0;
      if (at !== column) work[at] = row.map((value, x) => value ^ multiply(factor, unit[x] ?? 0));
    }
    work[column] = unit;
  }
  return work.map((row) => row.slice(size));
}
