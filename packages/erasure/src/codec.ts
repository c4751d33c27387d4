/**
 * What a Reed–Solomon codec is: parity from data, lost chunks from what is left. Correct for every loss of at most
 * `parityChunks` chunks; it cannot tell wrong bytes from right ones, that is the checksums' part. It never keeps the bytes
 * it is given.
 *
 * Two codecs stand behind the interface and give the same bytes: `SimdCodec` over the WebAssembly kernel, and `TableCodec`
 * in plain TypeScript, for machines without. Here is also what both check of their arguments.
 */
import { maxChunks, maxParityChunks } from './matrix.ts';

/**
 * A codec for one shape. Chunks of a fragment have `chunkBytes` bytes, the length of its parity chunks; a data chunk may
 * be shorter, its missing tail counts as zeros. Each byte of a chunk depends on the bytes at the same offset of the others
 * only: a fragment is coded in slices, as bytes come, by giving the same subarray of every chunk. Not to be used by two
 * threads at once. Wrong arguments throw `RangeError`.
 */
export interface Codec {
  readonly dataChunks: number;
  readonly parityChunks: number;
  /**
   * Adds a piece of data chunk `index`, which begins at `offset` in the chunk, to all parity chunks. They start as
   * zeros; when every byte of every data chunk was added once, in any order, they are complete.
   */
  addToParity(parity: readonly Uint8Array[], index: number, bytes: Uint8Array, offset: number): void;
  /**
   * As {@link addToParity} for pieces of consecutive chunks from `index` on, all beginning at `offset`; none may be longer
   * than the first. The parity chunks are read and written once for all of them.
   */
  addRunToParity(parity: readonly Uint8Array[], index: number, pieces: readonly Uint8Array[], offset: number): void;
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
  /**
   * As {@link rebuild}, into memory of the caller: `targets` by chunk index, of one length, which is that of the chunks.
   * They may not overlap what they are made from; none may be there already.
   */
  rebuildInto(chunks: readonly (Uint8Array | undefined)[], targets: ReadonlyMap<number, Uint8Array>): void;
}

/** Refuses shapes outside 1 … 14 chunks with at most 4 of parity. */
export function assertShape(dataChunks: number, parityChunks: number): void {
  const whole = Number.isInteger(dataChunks) && Number.isInteger(parityChunks);
  const sane = dataChunks >= 1 && parityChunks >= 0 && parityChunks <= maxParityChunks;
  if (whole && sane && dataChunks + parityChunks <= maxChunks) return;
  throw new RangeError(
    `no code for ${dataChunks}+${parityChunks} chunks: from 1 data chunk, up to ${maxParityChunks} parity chunks, at most ${maxChunks} together`,
  );
}

/** Refuses parity chunks that are not all there or not of one length; gives that. */
export function parityBytes({ parityChunks }: Codec, parity: readonly Uint8Array[]): number {
  const chunkBytes = parity[0]?.length ?? 0;
  if (parity.length === parityChunks && parity.every((chunk) => chunk.length === chunkBytes)) return chunkBytes;
  const lengths = parity.map((chunk) => chunk.length).join(', ');
  throw new RangeError(`${parityChunks} parity chunks of one length are needed, got lengths [${lengths}]`);
}

/** Refuses what `encode` cannot take; gives the chunks' length. */
export function assertEncode(codec: Codec, data: readonly Uint8Array[], parity: readonly Uint8Array[]): number {
  const chunkBytes = parityBytes(codec, parity);
  if (data.length !== codec.dataChunks) {
    throw new RangeError(`${codec.dataChunks} data chunks are needed, got ${data.length}`);
  }
  if (parity.length > 0) assertLengths(data, chunkBytes);
  return chunkBytes;
}

/** Refuses what `addRunToParity` cannot take. */
export function assertRun(
  codec: Codec,
  parity: readonly Uint8Array[],
  index: number,
  pieces: readonly Uint8Array[],
  offset: number,
): void {
  const chunkBytes = parityBytes(codec, parity);
  const last = index + pieces.length - 1;
  if (!Number.isInteger(index) || index < 0 || last >= codec.dataChunks) {
    throw new RangeError(`data chunks ${index} … ${last} are outside 0 … ${codec.dataChunks - 1}`);
  }
  const lengthBytes = pieces[0]?.length ?? 0;
  if (!Number.isInteger(offset) || offset < 0 || (parity.length > 0 && offset + lengthBytes > chunkBytes)) {
    throw new RangeError(`bytes [${offset}, ${offset + lengthBytes}) are outside a chunk of ${chunkBytes} bytes`);
  }
  assertLengths(pieces, lengthBytes);
}

/** Refuses what `rebuild` cannot take. */
export function assertRebuild(
  { dataChunks, parityChunks }: Codec,
  chunks: readonly (Uint8Array | undefined)[],
  chunkBytes: number,
  wanted: readonly number[],
): void {
  const total = dataChunks + parityChunks;
  if (chunks.length !== total)
    throw new RangeError(`${total} chunks, lost ones included, are needed, got ${chunks.length}`);
  let present = 0;
  for (let index = 0; index < total; index++) {
    const lengthBytes = chunks[index]?.length;
    if (lengthBytes === undefined) continue;
    present++;
    if (lengthBytes > chunkBytes) {
      throw new RangeError(`chunk ${index} has ${lengthBytes} bytes, more than the ${chunkBytes} of its fragment`);
    }
    if (index >= dataChunks && lengthBytes !== chunkBytes) {
      throw new RangeError(`parity chunk ${index} has ${lengthBytes} bytes instead of ${chunkBytes}`);
    }
  }
  if (present < dataChunks) {
    throw new RangeError(`at least ${dataChunks} chunks are needed to rebuild any, got ${present}`);
  }
  if (!wanted.every((index) => Number.isInteger(index) && index >= 0 && index < total)) {
    throw new RangeError(`wanted chunks must be in 0 … ${total - 1}, got ${wanted.join(', ')}`);
  }
}

/** Refuses what `rebuildInto` cannot take; gives the chunks' length. */
export function assertTargets(
  codec: Codec,
  chunks: readonly (Uint8Array | undefined)[],
  targets: ReadonlyMap<number, Uint8Array>,
): number {
  const [first] = targets.values();
  const chunkBytes = first?.length ?? 0;
  if ([...targets.values()].some((target) => target.length !== chunkBytes)) {
    throw new RangeError(`targets of one length are needed, got ${[...targets.values()].map(({ length }) => length)}`);
  }
  if (targets.size > 0) assertRebuild(codec, chunks, chunkBytes, [...targets.keys()]);
  const there = [...targets.keys()].filter((index) => chunks[index] !== undefined);
  if (there.length > 0) throw new RangeError(`chunks ${there.join(', ')} are there: nothing is to be rebuilt`);
  return chunkBytes;
}

/** `rebuild` in terms of `rebuildInto`. */
export function rebuildFresh(
  codec: Codec,
  chunks: readonly (Uint8Array | undefined)[],
  chunkBytes: number,
  wanted: readonly number[],
): Map<number, Uint8Array> {
  assertRebuild(codec, chunks, chunkBytes, wanted);
  const rebuilt = new Map<number, Uint8Array>();
  for (const index of wanted) rebuilt.set(index, chunks[index] ?? new Uint8Array(chunkBytes));
  codec.rebuildInto(chunks, new Map([...rebuilt].filter(([index]) => chunks[index] === undefined)));
  return rebuilt;
}

function assertLengths(chunks: readonly Uint8Array[], chunkBytes: number): void {
  for (const { length } of chunks) {
    if (length > chunkBytes)
      throw new RangeError(`a chunk has ${length} bytes, more than the ${chunkBytes} of its fragment`);
  }
}
