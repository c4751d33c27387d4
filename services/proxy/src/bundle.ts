/**
 * Builds the proxy as modules that need no `node_modules`, with the files that they read at run time: what its image on AWS is
 * made of. Its content depends on the code alone.
 */
// oxlint-disable-next-line eslint/no-restricted-imports -- A build script: it runs before there is a part to inject.
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `require` for the CommonJS packages in the bundle. */
const banner = `import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);`;

/** Builds into the folder, which is emptied before; the main file is `code/main.mjs`. Throws when the code does not build. */
export async function buildProxyBundle(outDir: string): Promise<void> {
  const folder = resolve(outDir);
  // Not `build`: that leaves a service process behind for as long as the caller lives.
  const { buildSync } = await import('esbuild');
  rmSync(folder, { recursive: true, force: true });
  buildSync({
    entryPoints: [{ in: fileURLToPath(new URL('main.ts', import.meta.url)), out: 'main' }],
    outdir: join(folder, 'code'),
    outExtension: { '.js': '.mjs' },
    absWorkingDir: fileURLToPath(new URL('.', import.meta.url)),
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minifySyntax: true,
    minifyWhitespace: true,
    // Node prints the line of an uncaught error: of an unbroken bundle, hundreds of kilobytes.
    lineLimit: 200,
    sourcemap: 'linked',
    sourcesContent: false,
    banner: { js: banner },
    logLevel: 'silent',
  });
  // The codec loads its kernel from `../kernel/` beside the folder of its code.
  mkdirSync(join(folder, 'kernel'));
  copyFileSync(
    fileURLToPath(new URL('../kernel/kernel.wasm', import.meta.resolve('@sion/erasure'))),
    join(folder, 'kernel', 'kernel.wasm'),
  );
}
