/**
 * Compiles the kernel. `npm run kernel -w packages/erasure` writes ../kernel/kernel.wasm; a test compiles anew and compares, so that
 * what is committed is what the source says. The compiler is a plain npm package without an install script.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const folder = fileURLToPath(new URL('../kernel', import.meta.url));

/** Where the compiled kernel lies. */
export const kernelFile: string = fileURLToPath(new URL('../kernel/kernel.wasm', import.meta.url));

/** Without a runtime, without memory or data of its own, and with nothing of the machine that compiles in it. */
const options = [
  ...['--optimizeLevel', '3', '--shrinkLevel', '0', '--runtime', 'stub', '--noAssert'],
  ...['--enable', 'simd', '--disable', 'bulk-memory', '--importMemory'],
];

/** The module's bytes; rejects with the compiler's message. */
export async function compileKernel(): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const { error } = await asc.main(['kernel.ts', '--outFile', 'kernel.wasm', '--baseDir', folder, ...options], {
    readFile: (name, baseDir) => readFile(`${baseDir}/${name}`, 'utf8').catch(() => null),
    writeFile: (_, contents) => {
      if (typeof contents !== 'string') binary = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || binary === undefined)
    throw new Error(`the kernel does not compile: ${error?.message ?? 'no output'}`);
  return binary;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(kernelFile, await compileKernel());
