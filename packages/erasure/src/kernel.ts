/**
 * The WebAssembly kernel: loads it, checks it against a known answer, and gives its loops over one memory that never
 * grows, so that views of it stay valid. Its source and the compiled module lie in ../kernel; the module is this package's
 * own code, read once with it.
 *
 * Must never: be trusted without the check. Where WebAssembly has no SIMD, compiling fails, and that is an answer.
 */
import { readFileSync } from 'node:fs';

/** The loops; see ../kernel/kernel.ts for what each one does. Addresses and lengths are bytes. */
export interface Loops {
  sum(sources: number, count: number, target: number, length: number): void;
  sumPair(sources: number, count: number, plain: number, powers: number, length: number): void;
  solvePair(sources: number, count: number, first: number, second: number, tables: number, length: number): void;
  weigh(sources: number, count: number, target: number, tables: number, length: number, add: number): void;
  weighPair(
    sources: number,
    count: number,
    first: number,
    second: number,
    tables: number,
    length: number,
    add: number,
  ): void;
  addPair(sources: number, count: number, plain: number, powers: number, table: number, length: number): void;
}

/** The loops over a memory. */
export interface Kernel {
  readonly loops: Loops;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** WebAssembly counts memory in pages of 64 KiB. */
const pageBytes = 64 * 1024;

/** The compiled kernel, unchecked; undefined where it cannot run. */
export function loadKernelModule(): WebAssembly.Module | undefined {
  const bytes = readFileSync(new URL('../kernel/kernel.wasm', import.meta.url));
  return WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : undefined;
}

/** The kernel over fresh memory of at least `memoryBytes`; `RangeError` when there is no such memory to be had. */
export function createKernel(module: WebAssembly.Module, memoryBytes: number): Kernel {
  const pages = Math.ceil(memoryBytes / pageBytes);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  if (!hasLoops(exports)) throw new Error('the kernel lacks a loop: npm run kernel -w packages/erasure makes it anew');
  return { loops: exports, bytes: new Uint8Array(memory.buffer) };
}

const loopNames: readonly (keyof Loops)[] = ['sum', 'sumPair', 'solvePair', 'weigh', 'weighPair', 'addPair'];

function hasLoops(exports: Partial<Record<keyof Loops, unknown>>): exports is Loops {
  return loopNames.every((name) => typeof exports[name] === 'function');
}
