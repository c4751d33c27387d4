import { access, mkdir, mkdtemp, rename, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFiles, systemRandom } from '@sion/components';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openKnownStore } from './known-store.ts';

let folder: string;
let root: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sion-known-store-'));
  root = join(folder, 'store');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function open() {
  return openKnownStore(folder, await openFiles(join(folder, 'proxy')), systemRandom);
}

test('a store is made where there was none, and found again', async () => {
  const first = await open();
  await first.claim();
  await first.put('a', Buffer.from('one'), {}, { kind: 'absent' });
  await first.close();
  const second = await open();
  expect(await second.head('a')).toMatchObject({ sizeBytes: 3 });
  await second.close();
});

test('a store that was there is never made anew while it is away, and found when it is back', async () => {
  const first = await open();
  await first.claim();
  await first.put('a', Buffer.from('one'), {}, { kind: 'absent' });
  await first.close();
  await rename(root, join(folder, 'away'));
  await expect(open()).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('mount it') });
  await expect(access(root)).rejects.toMatchObject({ code: 'ENOENT' });
  // As when a disk is not mounted: the folder is there, but nothing is in it.
  await mkdir(root);
  await expect(open()).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('store-known.json'),
  });
  await (await openFiles(join(folder, 'proxy'))).replace('journal-00000001.log', Buffer.from(''));
  await expect(open()).rejects.toThrow('its writes would go into the new store');
  await rmdir(root);
  await rename(join(folder, 'away'), root);
  const again = await open();
  expect(await again.head('a')).toMatchObject({ sizeBytes: 3 });
  await again.close();
});
