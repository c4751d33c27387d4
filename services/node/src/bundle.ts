/**
 * Builds the node's bundle: one ES module with its source map that exports `handler`, the same for Lambda and for the
 * emulator. It is built in memory and then moved into place file by file, so that an instance that starts meanwhile
 * never reads half of one.
 */
import { createHash } from 'node:crypto';
// oxlint-disable-next-line eslint/no-restricted-imports -- A build script: it runs before there is a part to inject.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface NodeBundleOptions {
  /** Where the bundle goes; made when it is missing. */
  readonly outDir: string;
}

export interface NodeBundle {
  /** The folder with the bundle, absolute: the function's code. */
  readonly folder: string;
  /** As Lambda wants it: `index.handler`. */
  readonly handler: string;
  /** SHA-256 of the module, hex: changes exactly when the code does. */
  readonly codeVersion: string;
  /** The module without its source map. */
  readonly sizeBytes: number;
}

/** `require` for the CommonJS packages in the bundle. */
const banner = `import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);`;

/** Builds the bundle of this checkout's node. Rejects when the code does not build. */
export async function buildNodeBundle(options: NodeBundleOptions): Promise<NodeBundle> {
  const folder = resolve(options.outDir);
  // Not `build`: that leaves a service process behind for as long as the caller lives.
  const { buildSync } = await import('esbuild');
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL('handler.ts', import.meta.url))],
    outfile: join(folder, 'index.mjs'),
    // Paths in the source map do not depend on where the build was started.
    absWorkingDir: fileURLToPath(new URL('.', import.meta.url)),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    treeShaking: true,
    minifySyntax: true,
    minifyWhitespace: true,
    minifyIdentifiers: false,
    sourcemap: 'linked',
    sourcesContent: false,
    banner: { js: banner },
    logLevel: 'silent',
    write: false,
  });
  const module = outputFiles.find((file) => file.path.endsWith('.mjs'));
  if (module === undefined) throw new Error('esbuild gave no module');
  await mkdir(folder, { recursive: true });
  for (const file of outputFiles) {
    const place = join(folder, basename(file.path));
    await writeFile(`${place}.${process.pid}.tmp`, file.contents);
    await rename(`${place}.${process.pid}.tmp`, place);
  }
  const codeVersion = createHash('sha256').update(module.contents).digest('hex');
  return { folder, handler: 'index.handler', codeVersion, sizeBytes: module.contents.length };
}
