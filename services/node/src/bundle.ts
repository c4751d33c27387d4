/**
 * Builds the node's bundle: the ES module `index.mjs` that exports `handler`, and modules that it loads, with their source
 * maps, the same for Lambda and for the emulator. What only a load from S3 needs is a module of its own, so that a cold
 * start does not read the SDK. It is built in memory and then moved into place file by file, `index.mjs` last, so that an
 * instance that starts meanwhile never reads half of one.
 */
import { createHash } from 'node:crypto';
// oxlint-disable-next-line eslint/no-restricted-imports -- A build script: it runs before there is a part to inject.
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Metafile } from 'esbuild';

export interface NodeBundleOptions {
  /** Where the bundle goes; made when it is missing. */
  readonly outDir: string;
}

export interface NodeBundle {
  /** The folder with the bundle, absolute: the function's code. */
  readonly folder: string;
  /** As Lambda wants it: `index.handler`. */
  readonly handler: string;
  /** SHA-256 of the modules, hex: changes exactly when the code does. */
  readonly codeVersion: string;
  /** What a cold start loads, without source maps. */
  readonly sizeBytes: number;
}

/** `require` for the CommonJS packages in the bundle. */
const banner = `import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);`;

/** Builds the bundle of this checkout's node. Rejects when the code does not build. */
export async function buildNodeBundle(options: NodeBundleOptions): Promise<NodeBundle> {
  const folder = resolve(options.outDir);
  // Not `build`: that leaves a service process behind for as long as the caller lives.
  const { buildSync } = await import('esbuild');
  const { outputFiles, metafile } = buildSync({
    entryPoints: [{ in: fileURLToPath(new URL('handler.ts', import.meta.url)), out: 'index' }],
    // Written below, to where it is wanted: names and source maps do not depend on that place.
    outdir: fileURLToPath(new URL('../built', import.meta.url)),
    outExtension: { '.js': '.mjs' },
    splitting: true,
    chunkNames: 'part-[name]-[hash]',
    metafile: true,
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
    // Node prints the line of an uncaught error: of an unbroken bundle, hundreds of kilobytes.
    lineLimit: 200,
    sourcemap: 'linked',
    sourcesContent: false,
    banner: { js: banner },
    logLevel: 'silent',
    write: false,
  });
  await mkdir(folder, { recursive: true });
  // A name that holds its content's hash first: what is there already may be in use, and is the same.
  for (const file of outputFiles.toSorted((a, b) => Number(isEntry(a)) - Number(isEntry(b)))) {
    const place = join(folder, basename(file.path));
    await writeFile(`${place}.${process.pid}.tmp`, file.contents);
    await rename(`${place}.${process.pid}.tmp`, place);
  }
  await removeOldParts(folder, new Set(outputFiles.map(({ path }) => basename(path))));
  const modules = outputFiles
    .filter(({ path }) => path.endsWith('.mjs'))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const hash = createHash('sha256');
  for (const { path, contents } of modules) hash.update(basename(path)).update(contents);
  return { folder, handler: 'index.handler', codeVersion: hash.digest('hex'), sizeBytes: startBytes(metafile) };
}

function isEntry({ path }: { readonly path: string }): boolean {
  return basename(path).startsWith('index.mjs');
}

/** The parts of earlier builds: an instance of those has its own emulator, which is gone. */
async function removeOldParts(folder: string, present: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder)) {
    if (/^part-.*\.mjs(\.map)?$/.test(name) && !present.has(name)) await rm(join(folder, name), { force: true });
  }
}

/** The entry and what it imports at once. */
function startBytes({ outputs }: Metafile): number {
  const entry = Object.keys(outputs).find((path) => basename(path) === 'index.mjs');
  const loaded = new Set(entry === undefined ? [] : [entry]);
  for (const path of loaded) {
    for (const { path: next, kind } of outputs[path]?.imports ?? []) {
      if (kind === 'import-statement' && next in outputs) loaded.add(next);
    }
  }
  return [...loaded].reduce((sum, path) => sum + (outputs[path]?.bytes ?? 0), 0);
}
