/**
 * The codec in plain TypeScript, for machines whose WebAssembly has no SIMD or fails its self-check: some gigabytes per
 * second at best, by Horner's rule on words and by tables. It gives the same bytes as `SimdCodec`.
 *
 * Rebuilding solves for the lost data chunks only. With k of them lost and k parity rows at hand, the parity of the
 * known data (lost ones taken as zeros) differs from the stored parity by the lost chunks' own share; k equations in k
 * unknowns per byte. So the many known chunks pass through the fast parity loop, and only k × k products remain.
 */
import {
  addProducts,
  addStep,
  addTwoSteps,
  addWords,
  type Block,
  blockBytes,
  byteProducts,
  createBlock,
  isAligned,
  wordProducts,
  wordsAt,
} from './block.ts';
import { assertEncode, assertRun, assertShape, assertTargets, type Codec, rebuildFresh } from './codec.ts';
import { invertMatrix, weightOf } from './matrix.ts';

/** Below this, a factor's large table costs more to make than it saves. */
const smallBytes = 32 * 1024;

/** The most large tables that a codec keeps, 128 KiB each; one shape's own factors are 39 at most. */
const maxTables = 48;

export class TableCodec implements Codec {
  readonly dataChunks: number;
  readonly parityChunks: number;
  readonly #rows: readonly number[];
  readonly #tables = new Map<number, Uint16Array>();
  readonly #target: Block = createBlock();
  readonly #source: Block = createBlock();
  readonly #nextSource: Block = createBlock();
  readonly #weighted: Block = createBlock();

  constructor(dataChunks: number, parityChunks: number) {
    assertShape(dataChunks, parityChunks);
    this.dataChunks = dataChunks;
    this.parityChunks = parityChunks;
    this.#rows = Array.from({ length: parityChunks }, (_, row) => row);
  }

  addToParity(parity: readonly Uint8Array[], index: number, bytes: Uint8Array, offset: number): void {
    this.addRunToParity(parity, index, [bytes], offset);
  }

  addRunToParity(parity: readonly Uint8Array[], index: number, pieces: readonly Uint8Array[], offset: number): void {
    assertRun(this, parity, index, pieces, offset);
    for (const [at, bytes] of pieces.entries()) {
      for (const [row, target] of parity.entries()) this.#addProduct(target, offset, bytes, weightOf(row, index + at));
    }
  }

  encode(data: readonly Uint8Array[], parity: readonly Uint8Array[]): void {
    assertEncode(this, data, parity);
    this.#weigh(data, this.#rows, parity);
  }

  rebuild(
    chunks: readonly (Uint8Array | undefined)[],
    chunkBytes: number,
    wanted: readonly number[],
  ): Map<number, Uint8Array> {
    return rebuildFresh(this, chunks, chunkBytes, wanted);
  }

  rebuildInto(chunks: readonly (Uint8Array | undefined)[], targets: ReadonlyMap<number, Uint8Array>): void {
    const chunkBytes = assertTargets(this, chunks, targets);
    if (targets.size === 0) return;
    const data = chunks.slice(0, this.dataChunks);
    const lost = [...data.keys()].filter((index) => data[index] === undefined);
    const lostRows = this.#rows.filter((row) => chunks[this.dataChunks + row] === undefined);
    const wantedRows = lostRows.filter((row) => targets.has(this.dataChunks + row));
    const needed = wantedRows.length > 0 ? lost : lost.filter((index) => targets.has(index));
    const rows = this.#rows.filter((row) => !lostRows.includes(row)).slice(0, lost.length);
    const stored = rows.map((row) => chunks[this.dataChunks + row] ?? noBytes);
    for (const [index, chunk] of this.#solve(data, lost, rows, stored, needed, chunkBytes)) {
      data[index] = chunk;
      targets.get(index)?.set(chunk);
    }
    const parity = wantedRows.map((row) => targets.get(this.dataChunks + row) ?? noBytes);
    this.#weigh(data, wantedRows, parity);
  }

  /** The `needed` ones among the `lost` data chunks, from as many parity chunks `stored` in `rows`. */
  *#solve(
    data: readonly (Uint8Array | undefined)[],
    lost: readonly number[],
    rows: readonly number[],
    stored: readonly Uint8Array[],
    needed: readonly number[],
    chunkBytes: number,
  ): Generator<readonly [index: number, chunk: Uint8Array]> {
    const shares = rows.map(() => new Uint8Array(chunkBytes));
    this.#weigh(data, rows, shares);
    for (const [at, share] of shares.entries()) this.#addProduct(share, 0, stored[at] ?? noBytes, 1);
    const solution = invertMatrix(rows.map((row) => lost.map((index) => weightOf(row, index))));
    if (solution === undefined) throw new Error(`the code for ${this.dataChunks}+${this.parityChunks} has a defect`);
    for (const index of needed) {
      const factors = solution[lost.indexOf(index)] ?? [];
      const only = shares[0];
      if (factors.length === 1 && factors[0] === 1 && only !== undefined) {
        yield [index, only];
        continue;
      }
      const chunk = new Uint8Array(chunkBytes);
      for (const [at, share] of shares.entries()) this.#addProduct(chunk, 0, share, factors[at] ?? 0);
      yield [index, chunk];
    }
  }

  /** Overwrites each target with its row's weighted sum of the data; undefined chunks and missing tails are zeros. */
  #weigh(data: readonly (Uint8Array | undefined)[], rows: readonly number[], targets: readonly Uint8Array[]): void {
    const plain = targets[rows.indexOf(0)];
    const powers = targets[rows.indexOf(1)];
    if (powers !== undefined) this.#weighByHorner(data, plain, powers);
    for (const [at, target] of targets.entries()) {
      const row = rows[at] ?? 0;
      if (row === 1 || (row === 0 && powers !== undefined)) continue;
      target.fill(0);
      for (const [index, chunk] of data.entries()) {
        if (chunk !== undefined) this.#addProduct(target, 0, chunk, weightOf(row, index));
      }
    }
  }

  /** Rows 0 and 1 in one pass: d0 + 2 (d1 + 2 (d2 + …)), from the last chunk to the first, two at a time. */
  #weighByHorner(data: readonly (Uint8Array | undefined)[], plain: Uint8Array | undefined, powers: Uint8Array): void {
    for (let start = 0; start < powers.length; start += blockBytes) {
      const lengthBytes = Math.min(blockBytes, powers.length - start);
      const words = (lengthBytes + 3) >>> 2;
      const sum = this.#target.words.subarray(0, words).fill(0);
      const weighted = this.#weighted.words.subarray(0, words).fill(0);
      let index = data.length - 1;
      if (data.length % 2 === 1) {
        addStep(sum, weighted, wordsAt(data[index] ?? noBytes, start, lengthBytes, this.#source));
        index -= 1;
      }
      for (; index > 0; index -= 2) {
        const chunk = wordsAt(data[index] ?? noBytes, start, lengthBytes, this.#source);
        const next = wordsAt(data[index - 1] ?? noBytes, start, lengthBytes, this.#nextSource);
        addTwoSteps(sum, weighted, chunk, next);
      }
      plain?.set(this.#target.bytes.subarray(0, lengthBytes), start);
      powers.set(this.#weighted.bytes.subarray(0, lengthBytes), start);
    }
  }

  /** target[offset …] += bytes × factor */
  #addProduct(target: Uint8Array, offset: number, bytes: Uint8Array, factor: number): void {
    if (factor === 0) return;
    const products = factor === 1 ? undefined : this.#table(factor, bytes.length);
    if (factor !== 1 && products === undefined) {
      addSmallProduct(target, offset, bytes, factor);
      return;
    }
    for (let start = 0; start < bytes.length; start += blockBytes) {
      const lengthBytes = Math.min(blockBytes, bytes.length - start);
      const at = offset + start;
      const chunk = wordsAt(bytes, start, lengthBytes, this.#source);
      const sum = wordsAt(target, at, lengthBytes, this.#target);
      if (products === undefined) addWords(sum, chunk);
      else addProducts(sum, chunk, products);
      if (!isAligned(target, at, lengthBytes)) target.set(this.#target.bytes.subarray(0, lengthBytes), at);
    }
  }

  /** The factor's large table, when it is there or worth making for this many bytes. */
  #table(factor: number, lengthBytes: number): Uint16Array | undefined {
    const known = this.#tables.get(factor);
    if (known !== undefined || lengthBytes < smallBytes) return known;
    const made = wordProducts(factor);
    const [oldest] = this.#tables.keys();
    if (oldest !== undefined && this.#tables.size >= maxTables) this.#tables.delete(oldest);
    this.#tables.set(factor, made);
    return made;
  }
}

const noBytes = new Uint8Array(0);

function addSmallProduct(target: Uint8Array, offset: number, bytes: Uint8Array, factor: number): void {
  const products = byteProducts(factor);
  for (let at = 0; at < bytes.length; at++) {
    target[offset + at] = (target[offset + at] ?? 0) ^ (products[bytes[at] ?? 0] ?? 0);
  }
}
