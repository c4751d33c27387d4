/**
 * Memory for large pieces of what comes in. Fresh memory costs more than the copy of it, and garbage of such size keeps the
 * collector busy; so memory that its user gives back is used again. Giving back is a favour, not a duty: what nobody gives
 * back is garbage like any other. It keeps at most `maxIdleBytes` for later.
 *
 * Must never hand out memory that somebody still reads: only its sole user gives it back, once nothing of it is under way.
 */

/** Smaller pieces are not worth the book-keeping. */
const leastBytes = 64 * 1024;
const defaultGrainBytes = 64 * 1024;

export class ReusedMemory {
  readonly #maxIdleBytes: number;
  readonly #grainBytes: number;
  /** By length; the ones used last at the end. */
  readonly #idle = new Map<number, ArrayBuffer[]>();
  /** Handed out and not given back. */
  readonly #out = new WeakSet<ArrayBufferLike>();
  #idleBytes = 0;
  #allocatedBytes = 0;

  /** Lengths are rounded up to whole grains, so that much the same lengths share memory. */
  constructor(maxIdleBytes: number, grainBytes: number = defaultGrainBytes) {
    this.#maxIdleBytes = maxIdleBytes;
    this.#grainBytes = grainBytes;
  }

  /** Kept for later. */
  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** Taken from the machine so far. */
  get allocatedBytes(): number {
    return this.#allocatedBytes;
  }

  /** Of exactly this length; with whatever was there before. */
  take(lengthBytes: number): Buffer {
    if (lengthBytes < leastBytes) return Buffer.allocUnsafeSlow(lengthBytes);
    const wholeBytes = Math.ceil(lengthBytes / this.#grainBytes) * this.#grainBytes;
    const memory = this.#reuse(wholeBytes) ?? this.#allocate(wholeBytes);
    this.#out.add(memory);
    return Buffer.from(memory, 0, lengthBytes);
  }

  /** The memory behind `bytes`, or a part of it, is not used any more. Of other memory, or a second time: nothing. */
  giveBack(bytes: Uint8Array): void {
    const memory = bytes.buffer;
    if (!(memory instanceof ArrayBuffer) || !this.#out.delete(memory)) return;
    if (memory.byteLength > this.#maxIdleBytes) return;
    const idle = this.#idle.get(memory.byteLength) ?? [];
    this.#idle.delete(memory.byteLength);
    this.#idle.set(memory.byteLength, idle);
    idle.push(memory);
    this.#idleBytes += memory.byteLength;
    this.#trim();
  }

  #reuse(wholeBytes: number): ArrayBuffer | undefined {
    const idle = this.#idle.get(wholeBytes);
    const memory = idle?.pop();
    if (memory !== undefined) this.#idleBytes -= wholeBytes;
    return memory;
  }

  #allocate(wholeBytes: number): ArrayBuffer {
    this.#allocatedBytes += wholeBytes;
    return Buffer.allocUnsafeSlow(wholeBytes).buffer;
  }

  /** Lets go of the lengths that were given back longest ago. */
  #trim(): void {
    for (const [length, idle] of this.#idle) {
      while (this.#idleBytes > this.#maxIdleBytes && idle.pop() !== undefined) this.#idleBytes -= length;
      if (idle.length === 0) this.#idle.delete(length);
      if (this.#idleBytes <= this.#maxIdleBytes) return;
    }
  }
}
