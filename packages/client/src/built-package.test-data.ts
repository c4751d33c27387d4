/** The package as it is published, in a folder where others find it: packed by npm, unpacked, its dependency beside it. */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuiltPackage, buildPackage } from '../build/package-files.ts';

export const packageFolder = fileURLToPath(new URL('..', import.meta.url));
const rootModules = fileURLToPath(new URL('../../../node_modules', import.meta.url));

export interface Installed {
  /** A user's project: `@sion/client` is in its `node_modules`. */
  readonly folder: string;
  readonly built: BuiltPackage;
  /** What npm says of the package it made. */
  readonly packed: {
    readonly size: number;
    readonly unpackedSize: number;
    readonly files: readonly { path: string }[];
  };
  remove(): Promise<void>;
}

export async function installPackage(): Promise<Installed> {
  const folder = await mkdtemp(join(tmpdir(), 'sion-client-'));
  const source = join(folder, 'source');
  for (const name of ['package.json', 'README.md', 'LICENSE']) await cp(join(packageFolder, name), join(source, name));
  const built = await buildPackage(join(source, 'dist'));
  const npm = ['pack', '--json', '--ignore-scripts', '--offline', '--pack-destination', folder];
  const [packed] = JSON.parse(
    execFileSync('npm', npm, { cwd: source, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  const home = join(folder, 'node_modules/@sion/client');
  await mkdir(home, { recursive: true });
  execFileSync('tar', ['-xzf', join(folder, packed.filename), '-C', home, '--strip-components=1']);
  for (const name of ['ioredis', '@types', 'undici-types']) await linkModule(name, folder);
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  return { folder, built, packed, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** `ioredis` finds what it needs where it really lies. */
async function linkModule(name: string, folder: string): Promise<void> {
  const place =
    name === 'ioredis'
      ? dirname(createRequire(import.meta.url).resolve('ioredis/package.json'))
      : join(rootModules, name);
  await symlink(place, join(folder, 'node_modules', name));
}
