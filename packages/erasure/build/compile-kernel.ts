/**
 * Compiles the kernel. `npm run kernel -w packages/erasure` writes ../kernel/kernel.wasm; a test compiles anew and compares,
 * so that what is committed is what the source says. The compiler, a plain npm package without an install script, runs as
 * a process: its types redefine those of JavaScript.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Where the compiled kernel lies. */
export const kernelFile: string = fileURLToPath(new URL('../kernel/kernel.wasm', import.meta.url));

const sourceFolder = fileURLToPath(new URL('../kernel', import.meta.url));
const compiler = fileURLToPath(new URL('../bin/asc.js', import.meta.resolve('assemblyscript/asc')));

/** Without a runtime, without memory or data of its own. */
const options = [
  ...['--optimizeLevel', '3', '--shrinkLevel', '0', '--runtime', 'stub', '--noAssert'],
  ...['--enable', 'simd', '--disable', 'bulk-memory', '--importMemory'],
];

/** Compiles to a file that `use` may read until it is done; rejects with the compiler's message. */
async function compile<T>(use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'sion-kernel-'));
  try {
    const file = join(folder, 'kernel.wasm');
    const command = [compiler, 'kernel.ts', '--baseDir', sourceFolder, '--outFile', file, ...options];
    await promisify(execFile)(process.execPath, command);
    return await use(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The module's bytes. */
export async function compileKernel(): Promise<Uint8Array> {
  return await compile((file) => readFile(file));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await compile((file) => copyFile(file, kernelFile));
