/**
 * The memory of one fragment that is being taken in: its data, to be filled in order, and its parity, which is coded while
 * the data come, as far as the fragment's length is known beforehand. The parity of a single data chunk is that chunk itself,
 * and takes no memory. It lies in a slab, where coding copies nothing, or in
 * ordinary memory when no slab is free.
 *
 * Must be released once, when nobody reads its bytes any more.
 */
import { createParityStream, type Erasure, type ParityStream } from '@sion/erasure';

/** How a fragment of so many bytes is cut. */
export interface FragmentCut {
  readonly dataChunks: number;
  readonly parityChunks: number;
}

/** Chunks that follow each other at whole pages displace each other in the caches: parity chunks begin apart. */
const apartBytes = 192;

export class FragmentBuffer {
  /** The data, end to end. */
  readonly bytes: Uint8Array;
  readonly #erasure: Erasure;
  readonly #cut: FragmentCut;
  readonly #parity: readonly Uint8Array[];
  readonly #stream: ParityStream | undefined;
  readonly #release: () => void;

  /** For a fragment of `lengthBytes`, or of fewer if it turns out to be the last one. */
  constructor(erasure: Erasure, cut: FragmentCut, lengthBytes: number) {
    const { dataChunks, parityChunks } = cut;
    const chunkBytes = Math.ceil(lengthBytes / dataChunks);
    const strideBytes = chunkBytes + apartBytes;
    const codedChunks = dataChunks === 1 ? 0 : parityChunks;
    const slab = erasure.takeSlab(lengthBytes + codedChunks * strideBytes);
    const memory = slab?.bytes ?? Buffer.allocUnsafeSlow(lengthBytes + codedChunks * strideBytes);
    this.#erasure = erasure;
    this.#cut = cut;
    this.#release = () => slab?.release();
    this.bytes = memory.subarray(0, lengthBytes);
    this.#parity = Array.from({ length: codedChunks }, (_, row) => {
      const start = lengthBytes + row * strideBytes + apartBytes;
      return memory.subarray(start, start + chunkBytes);
    });
    if (codedChunks === 0) return;
    const codec = erasure.codec(dataChunks, parityChunks);
    this.#stream = createParityStream({ codec, data: cutData(this.bytes, dataChunks), parity: this.#parity });
  }

  /** The first `filledBytes` are there; parity follows. */
  advance(filledBytes: number): void {
    this.#stream?.advance(filledBytes);
  }

  /** All chunks of the fragment, which has got its first `filledBytes` and no more. */
  chunks(filledBytes: number): readonly Uint8Array[] {
    const { dataChunks, parityChunks } = this.#cut;
    const data = cutData(this.bytes.subarray(0, filledBytes), dataChunks);
    const [mirrored] = data;
    if (dataChunks === 1 && mirrored !== undefined) return new Array(1 + parityChunks).fill(mirrored);
    if (filledBytes === this.bytes.length) return [...data, ...this.#parity];
    const parity = this.#parity.map((chunk) => chunk.subarray(0, data[0]?.length ?? 0));
    this.#erasure.codec(dataChunks, parityChunks).encode(data, parity);
    return [...data, ...parity];
  }

  release(): void {
    this.#release();
  }
}

/** The data chunks of a fragment: as long as the first one, but for those at the end. */
function cutData(bytes: Uint8Array, dataChunks: number): readonly Uint8Array[] {
  const chunkBytes = Math.ceil(bytes.length / dataChunks);
  return Array.from({ length: dataChunks }, (_, index) => bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes));
}
