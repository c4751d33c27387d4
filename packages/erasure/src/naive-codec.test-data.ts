/** The code as its definition says it, and bytes and losses to try codecs with. */

/** Shift-and-add multiplication, one byte at a time, nothing shared with the codec. */
function naiveMultiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit--) {
    product = (product << 1) ^ ((product & 0x80) === 0 ? 0 : 0x11d);
    if ((b >> bit) & 1) product ^= a;
  }
  return product & 0xff;
}

function naiveWeight(row: number, index: number): number {
  let weight = 1;
  for (let step = 0; step < row * index; step++) weight = naiveMultiply(weight, 2);
  return weight;
}

/** Parity from the definition alone. */
export function naiveParity(data: readonly Uint8Array[], parityChunks: number, chunkBytes: number): Uint8Array[] {
  return Array.from({ length: parityChunks }, (_, row) => {
    const weights = data.map((_, index) => naiveWeight(row, index));
    return Uint8Array.from({ length: chunkBytes }, (_, at) =>
      data.reduce((sum, chunk, index) => sum ^ naiveMultiply(weights[index] ?? 0, chunk[at] ?? 0), 0),
    );
  });
}

/** Fills bytes with what looks random and depends on `seed`. */
export function fillWithNoise(bytes: Uint8Array, seed: number): Uint8Array {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  for (let at = 0; at < bytes.length; at++) {
    state = Math.imul(state ^ (state >>> 15), 0x85ebca6b) + 0x6d2b79f5;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** The chunk with its zero tail. */
export function padded(chunk: Uint8Array, chunkBytes: number): Uint8Array {
  const full = new Uint8Array(chunkBytes);
  full.set(chunk);
  return full;
}

/** Every choice of at most `most` out of `count` indices. */
export function choices(count: number, most: number): number[][] {
  let grown: number[][] = [[]];
  const all: number[][] = [[]];
  for (let size = 1; size <= most; size++) {
    grown = grown.flatMap((set) =>
      Array.from({ length: count }, (_, index) => index)
        .filter((index) => index > (set.at(-1) ?? -1))
        .map((index) => [...set, index]),
    );
    all.push(...grown);
  }
  return all;
}
