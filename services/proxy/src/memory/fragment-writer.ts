/**
 * One fragment on its way in: takes its bytes in order, with checksums and parity as they come, and sends each data chunk
 * when it is full, so that nodes take the first chunks while the client still sends the last. Where it is not certain how long
 * the fragment will be, and so how it is cut, all chunks are sent at the end.
 *
 * Owns the fragment's memory until every node has answered, whatever becomes of the object.
 */
import { crc32 } from 'node:zlib';
import { combineCrc32, type Layout, type LayoutId } from '@sion/core';
import type { RequestAccount } from '../objects/request-account.ts';
import { FragmentBuffer } from './fragment-buffer.ts';
import type { ObjectMemory } from './object-memory.ts';
import { type ChunkTally, PlacedFragment } from './placed-object.ts';

/** The part of a layout that cutting needs; it is known before the size of a long stream is. */
export interface Cut {
  readonly dataChunks: number;
  readonly parityChunks: number;
  readonly fragmentBytes: number;
}

export interface FragmentWriterParts {
  readonly memory: ObjectMemory;
  readonly id: LayoutId;
  readonly cut: Cut;
  /** At most so many bytes come; just as many when that is certain. */
  readonly lengthBytes: number;
  readonly isLengthCertain: boolean;
  /** On the budget's account for it. */
  readonly reservedBytes: number;
  readonly account: RequestAccount | undefined;
  readonly tally: ChunkTally;
  /** The object's fragments, to which it is added when it has its places. */
  readonly fragments: (PlacedFragment | undefined)[];
}

/** What the proxy's memory holds of a fragment: its data and, but for mirrors, its parity. */
export function memoryOf({ dataChunks, parityChunks }: Cut, lengthBytes: number): number {
  return lengthBytes + (dataChunks === 1 ? 0 : parityChunks * Math.ceil(lengthBytes / dataChunks));
}

export class FragmentWriter {
  readonly #parts: FragmentWriterParts;
  readonly #buffer: FragmentBuffer;
  readonly #sent: Promise<void>[] = [];
  readonly #checksums: number[] = [];
  #chunkBytes: number;
  #filled = 0;
  /** Data chunks that are on their way. */
  #sentChunks = 0;
  #placed: { readonly fragment: PlacedFragment; readonly number: number } | undefined;

  constructor(parts: FragmentWriterParts) {
    const { memory, cut, lengthBytes } = parts;
    this.#parts = parts;
    this.#buffer = new FragmentBuffer(memory.erasure, cut, lengthBytes);
    this.#chunkBytes = Math.ceil(lengthBytes / cut.dataChunks);
  }

  get filledBytes(): number {
    return this.#filled;
  }

  get isFull(): boolean {
    return this.#filled === this.#parts.lengthBytes;
  }

  /**
   * Copies what fits of `bytes` and sends the chunks that are full by now, the last one left out; gives how many bytes it
   * took, `undefined` when no node has room.
   */
  take(bytes: Uint8Array): number | undefined {
    const part = bytes.subarray(0, this.#parts.lengthBytes - this.#filled);
    this.#buffer.bytes.set(part, this.#filled);
    this.#sum(part);
    this.#buffer.advance(this.#filled);
    const { isLengthCertain, cut } = this.#parts;
    const fullChunks = Math.min(Math.floor(this.#filled / this.#chunkBytes), cut.dataChunks - 1);
    if (!isLengthCertain || fullChunks <= this.#sentChunks) return part.length;
    if (!this.#place()) return undefined;
    while (this.#sentChunks < fullChunks) {
      const start = this.#sentChunks * this.#chunkBytes;
      this.#send(this.#sentChunks, this.#buffer.bytes.subarray(start, start + this.#chunkBytes));
      this.#sentChunks++;
    }
    return part.length;
  }

  /** No more bytes come: sends the rest. Undefined when no node has room; otherwise the CRC-32 of the data. */
  finish(): number | undefined {
    const { dataChunks } = this.#parts.cut;
    const chunks = this.#buffer.chunks(this.#filled);
    if (!this.isFull) {
      this.#chunkBytes = Math.ceil(this.#filled / dataChunks);
      for (const [index, chunk] of chunks.slice(0, dataChunks).entries()) this.#checksums[index] = crc32(chunk);
    }
    const isMirrored = dataChunks === 1;
    for (const [index, chunk] of chunks.entries()) {
      this.#checksums[index] ??= isMirrored ? (this.#checksums[0] ?? 0) : crc32(chunk);
    }
    if (!this.#place()) return undefined;
    for (const [index, chunk] of chunks.entries()) if (index >= this.#sentChunks) this.#send(index, chunk);
    let checksum = 0;
    for (const [index, chunk] of chunks.slice(0, dataChunks).entries()) {
      checksum = combineCrc32(checksum, this.#checksums[index] ?? 0, chunk.length);
    }
    return checksum;
  }

  /** Nothing more is sent. Resolves when the nodes have answered and its memory was given back. */
  async settled(): Promise<void> {
    await Promise.all(this.#sent);
    if (this.#placed !== undefined) this.#placed.fragment.settled = true;
    this.#buffer.release();
    this.#parts.memory.parts.budget.release(this.#parts.reservedBytes);
  }

  #sum(part: Uint8Array): void {
    for (let at = 0; at < part.length; ) {
      const index = Math.floor(this.#filled / this.#chunkBytes);
      const end = Math.min(part.length, at + (index + 1) * this.#chunkBytes - this.#filled);
      this.#checksums[index] = crc32(part.subarray(at, end), this.#checksums[index] ?? 0);
      this.#filled += end - at;
      at = end;
    }
  }

  #place(): boolean {
    if (this.#placed !== undefined) return true;
    const { memory, cut, id, tally, fragments, isLengthCertain, lengthBytes } = this.#parts;
    const sizeBytes = isLengthCertain ? lengthBytes : this.#filled;
    const layout: Layout = { ...cut, sizeBytes, chunkBytes: this.#chunkBytes, fragments: 1 };
    const places = memory.choosePlaces(layout, this.#chunkBytes, id.counter);
    if (places === undefined) return false;
    const fragment = new PlacedFragment(places, this.#checksums, tally, false);
    this.#placed = { fragment, number: fragments.push(fragment) - 1 };
    return true;
  }

  #send(index: number, payload: Uint8Array): void {
    if (payload.length > 0) this.#sent.push(this.#store(index, payload));
  }

  async #store(index: number, payload: Uint8Array): Promise<void> {
    const { memory, id, account } = this.#parts;
    const node = this.#placed?.fragment.nodes[index];
    const checksum = this.#checksums[index];
    if (this.#placed === undefined || node === undefined || checksum === undefined) return;
    const { fragment, number } = this.#placed;
    const { fleet, clock } = memory.parts;
    const askedMs = clock.monotonicMs();
    const reply = await fleet.store(node, { id: { ...id, fragment: number, index }, checksum, payload });
    account?.noteNode(node, clock.monotonicMs() - askedMs);
    if (reply.kind === 'ok') fragment.setHeld(index, true);
  }
}
