/**
 * The kernel's memory as codecs use it: a corner with addresses, tables and blocks to copy to, and the rest as slabs. Bytes
 * that lie in slabs are coded where they are; others pass through the blocks, a few KiB of each chunk at a time, so that
 * they are still in the processor's caches when they are coded. It counts what is copied.
 *
 *     constants | addresses | tables | zeros | a block per chunk … | slabs …
 *
 * One call codes at a time, so codecs share the corner.
 */
import type { Kernel, Loops } from './kernel.ts';
import { maxChunks, maxParityChunks } from './matrix.ts';
import { SlabPool } from './slab-pool.ts';

/** Bytes of each chunk that are coded at a time: with 12 chunks, the second-level cache holds all of it. */
export const sliceBytes = 16 * 1024;

/** Bytes of each chunk that are coded at a time where nothing is copied: so many that calls cost nothing. */
export const longSliceBytes = 1024 * 1024;

/** Stands for the address of bytes that lie in other memory. */
export const elsewhere = -1;

/** Loops work in steps of so many bytes. */
export const stepBytes = 64;

/** Blocks do not begin at the same place of a page, or they would displace each other in the first-level cache. */
const blockStride = sliceBytes + 3 * stepBytes;

/** 16 bytes 0x1d and 16 bytes 0x0f, where the kernel looks for them. */
const constantsAt = 0;
const addressesAt = 64;
const tablesAt = 1024;
const zerosAt = tablesAt + maxChunks * 2 * 32;
const blocksAt = zerosAt + sliceBytes;
const slabsAt = blocksAt + maxChunks * blockStride;

/** Bytes of memory beside the slabs. */
export const cornerBytes: number = slabsAt;

export class CodingMemory {
  readonly loops: Loops;
  readonly slabs: SlabPool;
  /** The address of the addresses that loops take as their sources. */
  readonly sources: number = addressesAt;
  readonly tables: number = tablesAt;
  /** The address of a slice of zeros. */
  readonly zeros: number = zerosAt;
  readonly #bytes: Uint8Array;
  readonly #buffer: ArrayBufferLike;
  readonly #addresses: Uint32Array;
  #copiedBytes = 0;

  constructor(kernel: Kernel) {
    const { buffer } = kernel.bytes;
    this.loops = kernel.loops;
    this.#bytes = kernel.bytes;
    this.#buffer = buffer;
    this.#addresses = new Uint32Array(buffer, addressesAt, maxChunks + maxParityChunks);
    this.#bytes.fill(0x1d, constantsAt, constantsAt + 16).fill(0x0f, constantsAt + 16, constantsAt + 32);
    this.slabs = new SlabPool(buffer, slabsAt, kernel.bytes.length);
  }

  /** Bytes that were copied to the blocks and from them, since the beginning. */
  get copiedBytes(): number {
    return this.#copiedBytes;
  }

  setSource(at: number, address: number): void {
    this.#addresses[at] = address;
  }

  setTables(tables: Uint8Array): void {
    this.#bytes.set(tables, tablesAt);
  }

  /** Where the bytes lie when that is in this memory, else {@link elsewhere}. */
  addressOf(bytes: Uint8Array): number {
    return bytes.buffer === this.#buffer ? bytes.byteOffset : elsewhere;
  }

  /** The address of a chunk's block, where its next slice passes through. */
  blockOf(chunk: number): number {
    return blocksAt + chunk * blockStride;
  }

  /** Copies [start, start + lengthBytes) of `bytes` into the chunk's block, what is missing as zeros. Gives its address. */
  copyIn(chunk: number, bytes: Uint8Array, start: number, lengthBytes: number): number {
    const piece = bytes.subarray(start, start + lengthBytes);
    const address = this.blockOf(chunk);
    this.#bytes.set(piece, address);
    const end = address + wholeSteps(lengthBytes);
    if (address + piece.length < end) this.#bytes.fill(0, address + piece.length, end);
    this.#copiedBytes += piece.length;
    return address;
  }

  /** Copies what was written in the chunk's block to [start, start + lengthBytes) of `bytes`. */
  copyOut(chunk: number, bytes: Uint8Array, start: number, lengthBytes: number): void {
    const address = this.blockOf(chunk);
    bytes.set(this.#bytes.subarray(address, address + lengthBytes), start);
    this.#copiedBytes += lengthBytes;
  }
}

/** The bytes of the steps that cover so many. */
export function wholeSteps(lengthBytes: number): number {
  return Math.ceil(lengthBytes / stepBytes) * stepBytes;
}
