/**
 * The scripts that run outside the emulator's process, bootstrap, network and guard, bundled to plain JavaScript once per
 * content: stripping types in every instance would add 30 ms to each cold start. Files are named by their hash, so that
 * emulators of different versions may share a folder, and are put there whole.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

export interface Bundles {
  readonly bootstrap: string;
  /** Loaded before the bootstrap where the network of an instance has a limit. */
  readonly network: string;
  readonly guard: string;
}

/** Builds them into `folder` and gives their paths. */
export function buildBundles(folder: string): Bundles {
  mkdirSync(folder, { recursive: true });
  return {
    bootstrap: bundle(folder, 'bootstrap', '../bootstrap/bootstrap-main.ts'),
    network: bundle(folder, 'network', '../bootstrap/network-main.ts'),
    guard: bundle(folder, 'guard', './guard-main.ts'),
  };
}

function bundle(folder: string, name: string, entry: string): string {
  const built = buildSync({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    logLevel: 'silent',
  });
  const contents = built.outputFiles[0]?.contents ?? new Uint8Array();
  const hash = createHash('sha256').update(contents).digest('hex').slice(0, 16);
  const path = join(folder, `${name}-${hash}.mjs`);
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, contents);
  renameSync(draft, path);
  return path;
}
