/**
 * The memory that all uploads of a store share for the parts they are filling and sending. Who asks for more than is left
 * waits in line; whole parts are used again, because fresh memory costs more than the copy into it.
 */

/** A part's memory; to be given back once. */
export interface PartMemory {
  readonly bytes: Uint8Array;
  release(): void;
}

export class UploadMemory {
  readonly #partBytes: number;
  readonly #free: Uint8Array[] = [];
  readonly #waiting: { readonly lengthBytes: number; readonly go: () => void }[] = [];
  #leftBytes: number;

  constructor(totalBytes: number, partBytes: number) {
    if (totalBytes < partBytes) throw new RangeError('the memory for uploads must hold a part');
    this.#leftBytes = totalBytes;
    this.#partBytes = partBytes;
  }

  /** Resolves with memory of at least `lengthBytes`, at most a part. */
  async take(lengthBytes: number): Promise<PartMemory> {
    if (this.#waiting.length > 0 || lengthBytes > this.#leftBytes) {
      await new Promise<void>((go) => this.#waiting.push({ lengthBytes, go }));
    } else {
      this.#leftBytes -= lengthBytes;
    }
    const isPart = lengthBytes === this.#partBytes;
    const bytes = (isPart ? this.#free.pop() : undefined) ?? Buffer.allocUnsafeSlow(lengthBytes);
    let released = false;
    return {
      bytes,
      release: () => {
        if (released) return;
        released = true;
        if (isPart && this.#free.length < 4) this.#free.push(bytes);
        this.#leftBytes += lengthBytes;
        this.#serveWaiting();
      },
    };
  }

  #serveWaiting(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (first.lengthBytes > this.#leftBytes) return;
      this.#leftBytes -= first.lengthBytes;
      this.#waiting.shift();
      first.go();
    }
  }
}
