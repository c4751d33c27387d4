/** A disk that users have filled: their writes are refused, SION's own names, expiries, reads and deletes go on. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../store.ts';
import { systemRandom } from '../system/random.ts';
import { openDirectoryStore } from './directory-store.ts';
import { systemDisk } from './disk.ts';
import { readAll } from './objects.test-data.ts';

const reserveBytes = 1000;
const full = { code: 'capacity', message: expect.stringContaining('kept for SION itself') };

let folder: string;
let freeBytes: number;
let store: Store;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sion-free-space-'));
  freeBytes = 10_000;
  const disk = { ...systemDisk, freeBytes: async () => freeBytes };
  store = await openDirectoryStore({ root: folder, create: true, random: systemRandom, reserveBytes, disk });
  await store.claim();
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const absent = { kind: 'absent' } as const;

test('a put is refused when it would take of the reserve, and leaves no trace', async () => {
  freeBytes = 1500;
  expect(await store.put('fits', new Uint8Array(500), {}, absent)).toMatchObject({ kind: 'written' });
  await expect(store.put('not', new Uint8Array(501), {}, absent)).rejects.toMatchObject(full);
  expect(await store.head('not')).toBeUndefined();
});

test('an upload is refused at its beginning or in its midst, and may be given up', async () => {
  const upload = await store.beginUpload('a');
  await upload.write(new Uint8Array(100));
  freeBytes = 1050;
  await expect(upload.write(new Uint8Array(100))).rejects.toMatchObject(full);
  await upload.abort();
  freeBytes = 999;
  await expect(store.beginUpload('a')).rejects.toMatchObject(full);
  expect(await store.head('a')).toBeUndefined();
});

test('the lease, expiries, reads and deletes go on', async () => {
  const etagOf = async (name: string, bytes: string) => {
    const outcome = await store.put(name, Buffer.from(bytes), {}, absent);
    return outcome.kind === 'written' ? outcome.etag : '';
  };
  const [lease, user] = [await etagOf('.sion/lease', 'one'), await etagOf('user', 'bytes')];
  freeBytes = 10;
  expect(await store.put('.sion/lease', Buffer.from('two'), {}, { kind: 'match', etag: lease })).toMatchObject({
    kind: 'written',
  });
  const expiring = await store.replaceMetadata('user', user, { expiresAtMs: 5 });
  expect(await readAll(store, 'user')).toEqual([Buffer.from('bytes'), { expiresAtMs: 5 }]);
  expect(expiring.kind === 'written' && (await store.delete('user', expiring.etag))).toEqual({ kind: 'deleted' });
});
