/** A store folder that is away must never look empty, and works again when it is back. */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../store.ts';
import { systemRandom } from '../system/random.ts';
import { openDirectoryStore } from './directory-store.ts';

let folder: string;
let root: string;
let store: Store;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sion-presence-'));
  root = join(folder, 'store');
  store = await openDirectoryStore({ root, create: true, random: systemRandom });
  await store.claim();
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const unavailable = { code: 'unavailable' };

async function expectAllUnavailable(etag: string): Promise<void> {
  await expect(store.head('a')).rejects.toMatchObject(unavailable);
  await expect(store.head('none')).rejects.toMatchObject(unavailable);
  await expect(store.get('a')).rejects.toMatchObject(unavailable);
  await expect(store.list('', { limit: 9 })).rejects.toMatchObject(unavailable);
  await expect(store.put('b', new Uint8Array(1), {}, { kind: 'absent' })).rejects.toMatchObject(unavailable);
  await expect(store.replaceMetadata('a', etag, {})).rejects.toMatchObject(unavailable);
  await expect(store.delete('a', etag)).rejects.toMatchObject(unavailable);
  await expect(store.beginUpload('b')).rejects.toMatchObject(unavailable);
}

async function putFirst(): Promise<string> {
  const outcome = await store.put('a', Buffer.from('one'), {}, { kind: 'absent' });
  if (outcome.kind !== 'written') throw new Error('conflict');
  return outcome.etag;
}

test('moved away: unavailable, nothing is made in its place; moved back: it works, the upload too', async () => {
  const etag = await putFirst();
  const upload = await store.beginUpload('c');
  await upload.write(Buffer.from('before'));
  await rename(root, join(folder, 'away'));
  await expectAllUnavailable(etag);
  await upload.write(Buffer.from(' and after'));
  await expect(upload.commit({}, { kind: 'absent' })).rejects.toMatchObject(unavailable);
  await expect(store.claim()).rejects.toMatchObject(unavailable);
  await expect(rename(root, join(folder, 'made'))).rejects.toMatchObject({ code: 'ENOENT' });
  await rename(join(folder, 'away'), root);
  expect(await upload.commit({}, { kind: 'absent' })).toMatchObject({ kind: 'written' });
  expect(await store.head('c')).toMatchObject({ sizeBytes: 16 });
  expect(await store.delete('a', etag)).toEqual({ kind: 'deleted' });
});

test('an empty folder in its place, as when a disk is not mounted: unavailable', async () => {
  const etag = await putFirst();
  await rename(root, join(folder, 'away'));
  await mkdir(root);
  await expectAllUnavailable(etag);
  await rm(root, { recursive: true });
  await rename(join(folder, 'away'), root);
  expect(await store.head('a')).toMatchObject({ sizeBytes: 3 });
});

test('another store in its place: unavailable, and nothing is written into that', async () => {
  const etag = await putFirst();
  await rename(root, join(folder, 'away'));
  const other = await openDirectoryStore({ root, create: true, random: systemRandom });
  await expect(store.head('none')).rejects.toMatchObject(unavailable);
  await expect(store.put('b', new Uint8Array(1), {}, { kind: 'absent' })).rejects.toMatchObject(unavailable);
  await expect(store.delete('a', etag)).rejects.toMatchObject(unavailable);
  expect(await other.list('', { limit: 9 })).toEqual({ objects: [], more: false });
  await other.close();
});

test('opening what is no store, without making one, is refused', async () => {
  const closed = { create: false, random: systemRandom };
  await expect(openDirectoryStore({ root: join(folder, 'none'), ...closed })).rejects.toMatchObject(unavailable);
  await mkdir(join(folder, 'plain'));
  await expect(openDirectoryStore({ root: join(folder, 'plain'), ...closed })).rejects.toMatchObject(unavailable);
  await writeFile(join(folder, 'file'), '');
  await expect(
    openDirectoryStore({ root: join(folder, 'file'), create: true, random: systemRandom }),
  ).rejects.toMatchObject(unavailable);
  await (await openDirectoryStore({ root, ...closed })).close();
});

test('a store of a later format is refused, not taken for an empty one', async () => {
  await writeFile(join(root, '.sion', 'format.json'), '{"format":2,"id":"x"}');
  const opening = openDirectoryStore({ root, create: true, random: systemRandom });
  await expect(opening).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('format.json') });
});

test('many that make the same store at once have made one', async () => {
  const fresh = join(folder, 'fresh');
  const opening = Array.from({ length: 8 }, () =>
    openDirectoryStore({ root: fresh, create: true, random: systemRandom }),
  );
  const [first, ...rest] = await Promise.all(opening);
  await first?.claim();
  await first?.put('a', Buffer.from('x'), {}, { kind: 'absent' });
  for (const other of rest) {
    expect(await other.head('a')).toMatchObject({ sizeBytes: 1 });
    expect(await other.head('none')).toBeUndefined();
  }
  for (const each of [first, ...rest]) await each?.close();
});
