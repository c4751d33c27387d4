/**
 * The context of the proxy's image: its bundle and the Dockerfile. Their content alone decides the image, so that a synthesis
 * needs no Docker, and a deployment that changes no code changes no image.
 */

// oxlint-disable-next-line eslint/no-restricted-imports -- A build script: it runs before there is a part to inject.
import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildProxyBundle } from '@sion/proxy';

/** Builds into the folder; gives its absolute path. */
export async function buildImageFolder(outDir: string): Promise<string> {
  const folder = resolve(outDir);
  await buildProxyBundle(join(folder, 'app'));
  copyFileSync(fileURLToPath(new URL('Dockerfile', import.meta.url)), join(folder, 'Dockerfile'));
  return folder;
}
