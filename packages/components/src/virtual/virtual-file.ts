/**
 * A file of a simulated disk: what was written, and how much of it is durable. When the machine dies, of the rest some
 * arbitrary part is left, as a real disk leaves it: nothing, a beginning, or one of which stretches never arrived.
 */
import type { Random } from '../random.ts';

export class VirtualFile {
  #bytes = new Uint8Array(64);
  #sizeBytes = 0;
  #durableBytes = 0;
  /** False while a crash may leave no trace of it. */
  isNameDurable = false;

  static durable(bytes: Uint8Array): VirtualFile {
    const file = new VirtualFile();
    file.append(bytes);
    file.sync();
    return file;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  append(bytes: Uint8Array): void {
    const sizeBytes = this.#sizeBytes + bytes.byteLength;
    if (sizeBytes > this.#bytes.byteLength) {
      const grown = new Uint8Array(Math.max(sizeBytes, 2 * this.#bytes.byteLength));
      grown.set(this.#bytes.subarray(0, this.#sizeBytes));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#sizeBytes);
    this.#sizeBytes = sizeBytes;
  }

  sync(): void {
    this.#durableBytes = this.#sizeBytes;
    this.isNameDurable = true;
  }

  read(start: number, end: number): Uint8Array {
    return this.#bytes.slice(start, Math.min(end, this.#sizeBytes));
  }

  /** The machine died. What is left now is durable. */
  loseUnsynced(random: Random): void {
    const unsyncedBytes = this.#sizeBytes - this.#durableBytes;
    const fate = random.integer(4);
    const keptBytes = fate === 0 ? 0 : fate === 1 ? unsyncedBytes : random.integer(unsyncedBytes + 1);
    this.#sizeBytes = this.#durableBytes + keptBytes;
    if (keptBytes > 0 && random.integer(2) === 0) {
      const start = random.integer(keptBytes);
      const lengthBytes = 1 + random.integer(keptBytes - start);
      const torn = random.integer(2) === 0 ? new Uint8Array(lengthBytes) : random.bytes(lengthBytes);
      this.#bytes.set(torn, this.#durableBytes + start);
    }
    this.sync();
  }
}
