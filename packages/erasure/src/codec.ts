/**
 * Reed–Solomon over chunks: parity from data, lost chunks from what is left. Correct for every loss of at most
 * `parityChunks` chunks; it cannot tell wrong bytes from right ones, that is the checksums' part. It never keeps the
 * bytes it is given.
 *
 * Rebuilding solves for the lost data chunks only. With k of them lost and k parity rows at hand, the parity of the
 * known data (lost ones taken as zeros) differs from the stored parity by the lost chunks' own share; k equations in k
 * unknowns per byte. So the many known chunks pass through the fast parity loop, and only k × k products remain.
 *
 * This form is plain TypeScript, some gigabytes per second at best; a faster one will stand behind the same interface.
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
import { invertMatrix, maxChunks, maxParityChunks, weightOf } from './matrix.ts';

/**
 * A codec for one shape. Chunks of a fragment have `chunkBytes` bytes, the length of its parity chunks; a data chunk may
 * be shorter, its missing tail counts as zeros. Not to be used by two threads at once. Wrong arguments throw
 * `RangeError`.
 */
export interface Codec {
  readonly dataChunks: number;
  readonly parityChunks: number;
  /**
   * Adds a piece of data chunk `index`, which begins at `offset` in the chunk, to all parity chunks. They start as
   * zeros; when every byte of every data chunk was added once, in any order, they are complete.
   */
  addToParity(parity: readonly Uint8Array[], index: number, bytes: Uint8Array, offset: number): void;
  /** Computes all parity chunks at once, whatever they held before. */
  encode(data: readonly Uint8Array[], parity: readonly Uint8Array[]): void;
  /**
   * Gives the `wanted` chunks, data or parity, from `chunks`: all chunks by index, undefined where lost, at least
   * `dataChunks` of them there. A rebuilt chunk is fresh memory of `chunkBytes`, zero tail included; one that is there
   * is given as it is.
   */
  rebuild(
    chunks: readonly (Uint8Array | undefined)[],
    chunkBytes: number,
    wanted: readonly number[],
  ): Map<number, Uint8Array>;
}

/** Makes a codec; throws `RangeError` for shapes outside 1 … 14 chunks with at most 4 of parity. */
export function createCodec(dataChunks: number, parityChunks: number): Codec {
  return new TableCodec(dataChunks, parityChunks);
}

/** Below this, a factor's large table costs more to make than it saves. */
const smallBytes = 32 * 1024;

/** The most large tables that a codec keeps, 128 KiB each; one shape's own factors are 39 at most. */
const maxTables = 48;

class TableCodec implements Codec {
  readonly dataChunks: number;
  readonly parityChunks: number;
  readonly #rows: readonly number[];
  readonly #tables = new Map<number, Uint16Array>();
  readonly #target: Block = createBlock();
  readonly #source: Block = createBlock();
  readonly #nextSource: Block = createBlock();
  readonly #weighted: Block = createBlock();

  constructor(dataChunks: number, parityChunks: number) {
    const whole = Number.isInteger(dataChunks) && Number.isInteger(parityChunks);
    const sane = dataChunks >= 1 && parityChunks >= 0 && parityChunks <= maxParityChunks;
    if (!whole || !sane || dataChunks + parityChunks > maxChunks) {
      throw new RangeError(
        `no code for ${dataChunks}+${parityChunks} chunks: from 1 data chunk, up to ${maxParityChunks} parity chunks, at most ${maxChunks} together`,
      );
    }
    this.dataChunks = dataChunks;
    this.parityChunks = parityChunks;
    this.#rows = Array.from({ length: parityChunks }, (_, row) => row);
  }

  addToParity(parity: readonly Uint8Array[], index: number, bytes: Uint8Array, offset: number): void {
    const chunkBytes = this.#parityBytes(parity);
    if (!Number.isInteger(index) || index < 0 || index >= this.dataChunks) {
      throw new RangeError(`data chunk ${index} is outside 0 … ${this.dataChunks - 1}`);
    }
    if (!Number.isInteger(offset) || offset < 0 || (parity.length > 0 && offset + bytes.length > chunkBytes)) {
      throw new RangeError(`bytes [${offset}, ${offset + bytes.length}) are outside a chunk of ${chunkBytes} bytes`);
    }
    for (const [row, target] of parity.entries()) this.#addProduct(target, offset, bytes, weightOf(row, index));
  }

  encode(data: readonly Uint8Array[], parity: readonly Uint8Array[]): void {
    const chunkBytes = this.#parityBytes(parity);
    if (data.length !== this.dataChunks) {
      throw new RangeError(`${this.dataChunks} data chunks are needed, got ${data.length}`);
    }
    if (parity.length > 0) assertLengths(data, chunkBytes);
    this.#weigh(data, this.#rows, parity);
  }

  rebuild(
    chunks: readonly (Uint8Array | undefined)[],
    chunkBytes: number,
    wanted: readonly number[],
  ): Map<number, Uint8Array> {
    this.#assertRebuild(chunks, chunkBytes, wanted);
    const data = chunks.slice(0, this.dataChunks);
    const lost = [...data.keys()].filter((index) => data[index] === undefined);
    const lostRows = this.#rows.filter((row) => chunks[this.dataChunks + row] === undefined);
    const wantedRows = lostRows.filter((row) => wanted.includes(this.dataChunks + row));
    if (wantedRows.length > 0 || lost.some((index) => wanted.includes(index))) {
      const needed = wantedRows.length > 0 ? lost : lost.filter((index) => wanted.includes(index));
      const rows = this.#rows.filter((row) => !lostRows.includes(row)).slice(0, lost.length);
      const stored = rows.map((row) => chunks[this.dataChunks + row] ?? noBytes);
      for (const [index, chunk] of this.#solve(data, lost, rows, stored, needed, chunkBytes)) data[index] = chunk;
    }
    const parity = wantedRows.map(() => new Uint8Array(chunkBytes));
    this.#weigh(data, wantedRows, parity);
    const rebuilt = new Map<number, Uint8Array>();
    for (const index of wanted) {
      const chunk = data[index] ?? chunks[index] ?? parity[wantedRows.indexOf(index - this.dataChunks)];
      if (chunk !== undefined) rebuilt.set(index, chunk);
    }
    return rebuilt;
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

  #parityBytes(parity: readonly Uint8Array[]): number {
    const chunkBytes = parity[0]?.length ?? 0;
    if (parity.length !== this.parityChunks || parity.some((chunk) => chunk.length !== chunkBytes)) {
      const lengths = parity.map((chunk) => chunk.length).join(', ');
      throw new RangeError(`${this.parityChunks} parity chunks of one length are needed, got lengths [${lengths}]`);
    }
    return chunkBytes;
  }

  #assertRebuild(chunks: readonly (Uint8Array | undefined)[], chunkBytes: number, wanted: readonly number[]): void {
    const total = this.dataChunks + this.parityChunks;
    const present = chunks.filter((chunk) => chunk !== undefined);
    if (chunks.length !== total)
      throw new RangeError(`${total} chunks, lost ones included, are needed, got ${chunks.length}`);
    if (present.length < this.dataChunks) {
      throw new RangeError(`at least ${this.dataChunks} chunks are needed to rebuild any, got ${present.length}`);
    }
    assertLengths(present, chunkBytes);
    for (const [index, chunk] of chunks.entries()) {
      if (index >= this.dataChunks && chunk !== undefined && chunk.length !== chunkBytes) {
        throw new RangeError(`parity chunk ${index} has ${chunk.length} bytes instead of ${chunkBytes}`);
      }
    }
    if (!wanted.every((index) => Number.isInteger(index) && index >= 0 && index < total)) {
      throw new RangeError(`wanted chunks must be in 0 … ${total - 1}, got ${wanted.join(', ')}`);
    }
  }
}

const noBytes = new Uint8Array(0);

function addSmallProduct(target: Uint8Array, offset: number, bytes: Uint8Array, factor: number): void {
  const products = byteProducts(factor);
  for (let at = 0; at < bytes.length; at++) {
    target[offset + at] = (target[offset + at] ?? 0) ^ (products[bytes[at] ?? 0] ?? 0);
  }
}

function assertLengths(chunks: readonly Uint8Array[], chunkBytes: number): void {
  const longest = chunks.reduce((most, chunk) => Math.max(most, chunk.length), 0);
  if (longest > chunkBytes)
    throw new RangeError(`a chunk has ${longest} bytes, more than the ${chunkBytes} of its fragment`);
}
