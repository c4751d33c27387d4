/**
 * Bytes of a known greatest length that arrive in parts; memory follows what arrived, not what was announced.
 */

const noBytes = Buffer.alloc(0);
/** Up to this size, bytes may lie beside others in one allocation. */
const sharedBytes = 1024;

/** See the module. `firstBytes` is the least that is allocated, where that many can come. */
export class GrowingBytes {
  length = 0;
  #bytes: Buffer = noBytes;
  readonly #firstBytes: number;

  constructor(firstBytes: number) {
    this.#firstBytes = firstBytes;
  }

  /** Copies `source[start, end)`. `finalLength` is what the whole will have at most. */
  append(source: Buffer, start: number, end: number, finalLength: number): void {
    const needed = this.length + end - start;
    if (needed > this.#bytes.length) {
      const grown = Math.max(needed, this.#bytes.length * 2, this.#firstBytes);
      const length = Math.min(grown, finalLength);
      // Many small ones share memory: each on its own would cost several times its bytes.
      const bytes = length <= sharedBytes ? Buffer.allocUnsafe(length) : Buffer.allocUnsafeSlow(length);
      this.#bytes.copy(bytes, 0, 0, this.length);
      this.#bytes = bytes;
    }
    source.copy(this.#bytes, this.length, start, end);
    this.length = needed;
  }

  /** Gives the bytes away and is empty again. */
  take(): Buffer {
    const bytes = this.#bytes.length === this.length ? this.#bytes : this.#bytes.subarray(0, this.length);
    this.#bytes = noBytes;
    this.length = 0;
    return bytes;
  }
}
