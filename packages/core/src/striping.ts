/**
 * Striping: into how many chunks an object of a given size is cut, and which bytes each chunk holds. It exists so that
 * proxy, status and benchmarks agree on one arithmetic. It knows sizes only: no nodes, no bytes, no coding.
 *
 * An object is cut into fragments of `fragmentBytes` (the last one may be shorter), a fragment into `dataChunks` data
 * chunks of `chunkBytes` each plus `parityChunks` parity chunks of the same length. In the last fragment `chunkBytes`
 * is smaller. A fragment's last data chunks may be short or empty; for coding the missing tail counts as zeros.
 *
 *     object    |------- fragment 0 -------|------- fragment 1 -------|-- fragment 2 --|
 *     fragment  | data 0 | data 1 | data 2 |  + parity 0 | parity 1 |
 *
 * The table is text, the form of the setting SION_STRIPES: entries `<largest size>=<data>+<parity>` by ascending size,
 * the last for `*`, every larger one.
 */

/** One row of the table: objects of at most `upToBytes` (and above the previous row's) get this shape. */
export interface Stripe {
  /** Inclusive; infinite in the last row. */
  readonly upToBytes: number;
  readonly dataChunks: number;
  readonly parityChunks: number;
}

/**
 * The default of SION_STRIPES: mirrored when small, up to ten data chunks and two parity chunks when large. Chosen by
 * `npm run bench:stripes`: the least of what a GET costs and what waiting for it is worth.
 */
export const defaultStripes = '2MiB=1+1,8MiB=2+1,32MiB=4+2,*=10+2';

/** The longest chunk unless the caller says otherwise. */
export const defaultMaxChunkBytes = 1024 * 1024;

/** The most chunks per fragment, data and parity together. */
export const maxChunksPerFragment = 14;

/** The most parity chunks per fragment: the code of `@sion/erasure` is proven up to here. */
export const maxParityChunks = 4;

/** Reads a stripe table; throws `RangeError` with what is wrong and an example. */
export function parseStripes(text: string): readonly Stripe[] {
  const stripes: Stripe[] = [];
  for (const entry of text.split(',')) {
    const previous = stripes.at(-1);
    if (previous?.upToBytes === Number.POSITIVE_INFINITY) {
      throw stripesError(text, `nothing may follow the entry for *, but "${entry.trim()}" does`);
    }
    const stripe = parseStripe(text, entry.trim());
    if (previous !== undefined && stripe.upToBytes <= previous.upToBytes) {
      throw stripesError(text, `sizes must ascend, but "${entry.trim()}" is not above the size before it`);
    }
    stripes.push(stripe);
  }
  if (stripes.at(-1)?.upToBytes !== Number.POSITIVE_INFINITY) {
    throw stripesError(text, 'the last entry must be for *, so that every size has a row');
  }
  return stripes;
}

/** The row that an object of this size falls into. */
export function stripeOf(sizeBytes: number, stripes: readonly Stripe[]): Stripe {
  const stripe = stripes.find((row) => sizeBytes <= row.upToBytes);
  if (stripe === undefined) throw new RangeError(`no stripe covers ${sizeBytes} bytes; the table must end with *`);
  return stripe;
}

/** How one version's bytes are cut. */
export interface Layout {
  readonly sizeBytes: number;
  readonly dataChunks: number;
  readonly parityChunks: number;
  /** Of a full fragment. */
  readonly chunkBytes: number;
  /** Object bytes in a full fragment. */
  readonly fragmentBytes: number;
  /** 0 for an empty object. */
  readonly fragments: number;
}

/**
 * The layout of an object. A fragment holds at most `dataChunks × maxChunkBytes`. All fragments but the last are full,
 * and for objects of more than one fragment a full one does not depend on the object's size: a stream of unknown length
 * can be cut before its end is seen.
 */
export function layoutOf(
  sizeBytes: number,
  stripes: readonly Stripe[],
  maxChunkBytes: number = defaultMaxChunkBytes,
): Layout {
  assertWhole(sizeBytes, 'sizeBytes', 0);
  assertWhole(maxChunkBytes, 'maxChunkBytes', 1);
  const { dataChunks, parityChunks } = stripeOf(sizeBytes, stripes);
  const fragmentBytes = Math.min(sizeBytes, dataChunks * maxChunkBytes);
  return {
    sizeBytes,
    dataChunks,
    parityChunks,
    chunkBytes: Math.ceil(fragmentBytes / dataChunks),
    fragmentBytes,
    fragments: fragmentBytes === 0 ? 0 : Math.ceil(sizeBytes / fragmentBytes),
  };
}

/** A fragment's place in the object, and the length of its (unshortened) chunks. */
export interface FragmentShape {
  /** In the object. */
  readonly offset: number;
  readonly lengthBytes: number;
  readonly chunkBytes: number;
}

/** Throws `RangeError` for a fragment that the layout does not have. */
export function fragmentShape(layout: Layout, fragment: number): FragmentShape {
  if (!Number.isInteger(fragment) || fragment < 0 || fragment >= layout.fragments) {
    throw new RangeError(`fragment ${fragment} is outside 0 … ${layout.fragments - 1}`);
  }
  const offset = fragment * layout.fragmentBytes;
  const lengthBytes = Math.min(layout.fragmentBytes, layout.sizeBytes - offset);
  return { offset, lengthBytes, chunkBytes: Math.ceil(lengthBytes / layout.dataChunks) };
}

/** Bytes of an object that one data chunk holds. */
export interface ChunkSpan {
  /** In the object. */
  readonly offset: number;
  /** May be shorter than the fragment's `chunkBytes`, or 0. */
  readonly lengthBytes: number;
}

/** Where data chunk `index` lies in the object; throws `RangeError` for a parity chunk. */
export function chunkSpan(layout: Layout, fragment: number, index: number): ChunkSpan {
  if (!Number.isInteger(index) || index < 0 || index >= layout.dataChunks) {
    throw new RangeError(`data chunk ${index} is outside 0 … ${layout.dataChunks - 1}`);
  }
  const shape = fragmentShape(layout, fragment);
  const from = Math.min(index * shape.chunkBytes, shape.lengthBytes);
  const to = Math.min(from + shape.chunkBytes, shape.lengthBytes);
  return { offset: shape.offset + from, lengthBytes: to - from };
}

/** Bytes of chunk `index`, data or parity, as a node holds it. 0 = nothing to place. */
export function chunkLength(layout: Layout, fragment: number, index: number): number {
  if (index < layout.dataChunks) return chunkSpan(layout, fragment, index).lengthBytes;
  if (!Number.isInteger(index) || index >= layout.dataChunks + layout.parityChunks) {
    throw new RangeError(`chunk ${index} is outside 0 … ${layout.dataChunks + layout.parityChunks - 1}`);
  }
  return fragmentShape(layout, fragment).chunkBytes;
}

/** The part of one data chunk that a range touches: bytes [start, end) of the chunk. */
export interface ChunkPart {
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

/** The part of one fragment that a range touches. */
export interface FragmentSpan {
  readonly fragment: number;
  /** In the object. */
  readonly start: number;
  readonly end: number;
  /** Never empty, in order. */
  readonly chunks: readonly ChunkPart[];
}

/** The fragments that bytes [start, end) of the object touch, in order; empty for an empty range. */
export function spansOfRange(
  layout: Layout,
  range: { readonly start: number; readonly end: number },
): readonly FragmentSpan[] {
  assertRange(layout, range);
  if (range.start === range.end) return [];
  const first = Math.floor(range.start / layout.fragmentBytes);
  const last = Math.floor((range.end - 1) / layout.fragmentBytes);
  return Array.from({ length: last - first + 1 }, (_, step) => spanOfFragment(layout, first + step, range));
}

function spanOfFragment(
  layout: Layout,
  fragment: number,
  range: { readonly start: number; readonly end: number },
): FragmentSpan {
  const shape = fragmentShape(layout, fragment);
  const start = Math.max(range.start, shape.offset);
  const end = Math.min(range.end, shape.offset + shape.lengthBytes);
  const chunks: ChunkPart[] = [];
  const lastIndex = Math.floor((end - 1 - shape.offset) / shape.chunkBytes);
  for (let index = Math.floor((start - shape.offset) / shape.chunkBytes); index <= lastIndex; index++) {
    const chunkStart = shape.offset + index * shape.chunkBytes;
    chunks.push({
      index,
      start: Math.max(start - chunkStart, 0),
      end: Math.min(end - chunkStart, shape.chunkBytes),
    });
  }
  return { fragment, start, end, chunks };
}

const unitBytes = new Map([
  ['', 1],
  ['B', 1],
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
]);

function parseStripe(text: string, entry: string): Stripe {
  const match = /^(\*|(\d{1,15})([A-Za-z]*))=(\d{1,3})\+(\d{1,3})$/.exec(entry);
  if (match === null) {
    throw stripesError(text, `"${entry}" is not of the form <size>=<data chunks>+<parity chunks>`);
  }
  const [, size = '', count = '', unit = '', data = '', parity = ''] = match;
  const scale = unitBytes.get(unit);
  if (scale === undefined) throw stripesError(text, `"${entry}": the unit must be B, KiB, MiB or GiB`);
  const upToBytes = size === '*' ? Number.POSITIVE_INFINITY : Number(count) * scale;
  if (upToBytes !== Number.POSITIVE_INFINITY && !Number.isSafeInteger(upToBytes)) {
    throw stripesError(text, `"${entry}": the size must be below 2^53 bytes`);
  }
  const dataChunks = Number(data);
  const parityChunks = Number(parity);
  if (dataChunks < 1) throw stripesError(text, `"${entry}": at least 1 data chunk is needed`);
  if (parityChunks > maxParityChunks) {
    throw stripesError(text, `"${entry}": at most ${maxParityChunks} parity chunks are possible`);
  }
  if (dataChunks + parityChunks > maxChunksPerFragment) {
    throw stripesError(text, `"${entry}": at most ${maxChunksPerFragment} chunks, parity included, are possible`);
  }
  return { upToBytes, dataChunks, parityChunks };
}

function stripesError(text: string, what: string): RangeError {
  return new RangeError(`stripes "${text}": ${what}. Example: ${defaultStripes}`);
}

function assertRange(layout: Layout, range: { readonly start: number; readonly end: number }): void {
  const { start, end } = range;
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end < start || end > layout.sizeBytes) {
    throw new RangeError(`range [${start}, ${end}) is outside [0, ${layout.sizeBytes})`);
  }
}

function assertWhole(value: number, name: string, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`${name} must be a whole number from ${least}, got ${value}`);
  }
}
