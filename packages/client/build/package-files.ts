/**
 * Builds what is published: `index.js` (ES module) and `index.cjs` (CommonJS), each with its declarations. The code is one:
 * the ES module is a few lines that hand on the CommonJS build, so that both ways in a process share one class of errors
 * and one state. What the client takes from the workspace is built in; `ioredis` stays a dependency.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const rootFolder = fileURLToPath(new URL('../../..', import.meta.url));

/** Bytes of what was built. */
export interface BuiltPackage {
  readonly codeBytes: number;
  readonly declarationBytes: number;
}

/** Fills `outDir`, which is emptied first. */
export async function buildPackage(outDir: string): Promise<BuiltPackage> {
  await rm(outDir, { recursive: true, force: true });
  await mkdir(outDir, { recursive: true });
  const { outputFiles } = buildSync({
    entryPoints: [join(packageFolder, 'src/index.ts')],
    absWorkingDir: packageFolder,
    outfile: 'index.cjs',
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    conditions: ['@sion/source'],
    external: ['ioredis'],
    treeShaking: true,
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'silent',
    write: false,
  });
  const [code] = outputFiles;
  if (code === undefined) throw new Error('nothing was built');
  await writeFile(join(outDir, 'index.cjs'), code.contents);
  const wrapper = `import client from './index.cjs';\nexport const { ${exportedNames(code.text)} } = client;\n`;
  await writeFile(join(outDir, 'index.js'), wrapper);
  const declarationBytes = await writeDeclarations(outDir);
  return { codeBytes: code.contents.byteLength + wrapper.length, declarationBytes };
}

/** What `index.ts` exports as values, as esbuild notes it for CommonJS. */
function exportedNames(code: string): string {
  const found = /0&&\(module\.exports=\{([^}]*)\}\)/.exec(code)?.[1];
  if (found === undefined) throw new Error('the build does not say what it exports');
  return found.replaceAll(',', ', ');
}

/** The compiler's declarations, once for each kind of module: what they import is named as that kind finds it. */
async function writeDeclarations(outDir: string): Promise<number> {
  // Below the root, where the compiler finds the types of Node.
  const folder = await mkdtemp(join(rootFolder, 'node_modules/.sion-client-types-'));
  try {
    const config = {
      extends: join(rootFolder, 'tsconfig.json'),
      compilerOptions: {
        ...{ noEmit: false, declaration: true, emitDeclarationOnly: true, stripInternal: true },
        ...{ rootDir: join(packageFolder, 'src'), outDir: join(folder, 'out') },
      },
      include: [join(packageFolder, 'src')],
      exclude: [join(packageFolder, 'src/**/*.test.ts'), join(packageFolder, 'src/**/*.test-data.ts')],
    };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
    execFileSync(process.execPath, [join(rootFolder, 'node_modules/typescript/bin/tsc'), '-p', folder]);
    return await copyDeclarations(join(folder, 'out'), outDir);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function copyDeclarations(from: string, outDir: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(from)) {
    const text = await readFile(join(from, name), 'utf8');
    for (const [kind, extension] of [
      ['ts', 'js'],
      ['cts', 'cjs'],
    ] as const) {
      const rewritten = text.replaceAll(/(from |import\()'(\.\/[^']+)\.ts'/g, `$1'$2.${extension}'`);
      await writeFile(join(outDir, name.replace(/\.ts$/, `.${kind}`)), rewritten);
      bytes += rewritten.length;
    }
  }
  return bytes;
}
