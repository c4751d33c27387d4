/**
 * Puts the parts together: the kernel, if this machine runs it and it gives the known answer, codecs over it, and slabs of
 * its memory; else codecs in plain TypeScript, and slabs of ordinary memory. Make one per process: WebAssembly memory
 * costs address space.
 */
import type { Codec } from './codec.ts';
import { CodingMemory, cornerBytes } from './coding-memory.ts';
import { createKernel, loadKernelModule } from './kernel.ts';
import { givesKnownAnswers } from './known-answers.ts';
import { SimdCodec } from './simd-codec.ts';
import { type Slab, SlabPool } from './slab-pool.ts';
import { TableCodec } from './table-codec.ts';

/** How much memory an {@link Erasure} has for slabs, and whether it may use WebAssembly. */
export interface ErasureOptions {
  /** Taken from the machine as it is used, and kept. 0 by default, at most 4,000 MiB. */
  readonly slabBytes?: number;
  /** `tables` keeps to plain TypeScript. */
  readonly prefer?: 'simd' | 'tables';
}

/** Coding, and memory in which it costs no copies. */
export interface Erasure {
  /** Which codec it is. */
  readonly kind: 'simd' | 'tables';
  /** The codec for a shape, the same one each time; throws `RangeError` for shapes outside 1 … 14 chunks with at most 4 of parity. */
  codec(dataChunks: number, parityChunks: number): Codec;
  /** Memory whose bytes are coded in place; undefined when as much is not free. */
  takeSlab(lengthBytes: number): Slab | undefined;
  /** What is out, for status and for tests that look for leaks. */
  readonly slabs: Pick<SlabPool, 'totalBytes' | 'usedBytes' | 'slabs'>;
  /** Bytes that were copied to be coded and back, because they lie elsewhere. */
  readonly copiedBytes: number;
}

/** Makes coding for a process. */
export function createErasure({ slabBytes = 0, prefer = 'simd' }: ErasureOptions = {}): Erasure {
  const memory = prefer === 'simd' ? createSimdMemory(slabBytes) : undefined;
  const slabs = memory?.slabs ?? new SlabPool(new ArrayBuffer(slabBytes), 0, slabBytes);
  const codecs = new Map<string, Codec>();
  return {
    kind: memory === undefined ? 'tables' : 'simd',
    slabs,
    get copiedBytes() {
      return memory?.copiedBytes ?? 0;
    },
    takeSlab: (lengthBytes) => slabs.take(lengthBytes),
    codec(dataChunks, parityChunks) {
      const name = `${dataChunks}+${parityChunks}`;
      const known = codecs.get(name);
      if (known !== undefined) return known;
      const made = createCodecOver(memory, dataChunks, parityChunks);
      codecs.set(name, made);
      return made;
    },
  };
}

function createCodecOver(memory: CodingMemory | undefined, dataChunks: number, parityChunks: number): Codec {
  return memory === undefined
    ? new TableCodec(dataChunks, parityChunks)
    : new SimdCodec(memory, dataChunks, parityChunks);
}

/** Undefined where WebAssembly has no SIMD, or does not give the known answers. */
function createSimdMemory(slabBytes: number): CodingMemory | undefined {
  const module = loadKernelModule();
  if (module === undefined) return undefined;
  const memory = new CodingMemory(createKernel(module, cornerBytes + slabBytes));
  return givesKnownAnswers((dataChunks, parityChunks) => new SimdCodec(memory, dataChunks, parityChunks))
    ? memory
    : undefined;
}
