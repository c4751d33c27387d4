/** The folder as others see it and change it: plain bytes, files put there by hand, copies. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../store.ts';
import { systemRandom } from '../system/random.ts';
import { openDirectoryStore } from './directory-store.ts';
import { collect, putAny, readAll } from './objects.test-data.ts';

let folder: string;
let root: string;
let store: Store;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sion-layout-'));
  root = join(folder, 'store');
  store = await open(root);
  await store.claim();
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const open = (path: string) => openDirectoryStore({ root: path, create: true, random: systemRandom });

const put = (name: string, text: string, version = '1.1') => putAny(store, name, Buffer.from(text), { version });

async function read(from: Store, name: string): Promise<string | undefined> {
  return (await readAll(from, name))?.[0].toString();
}

describe('the bytes', () => {
  test('lie in one plain file per name', async () => {
    await put('user:42', 'hello');
    await put('photos/cat', 'meow');
    await put('k'.repeat(300), 'long');
    expect(await readFile(join(root, 'user:42'), 'utf8')).toBe('hello');
    expect(await readFile(join(root, 'photos%2Fcat'), 'utf8')).toBe('meow');
    expect(await readFile(join(root, `${'k'.repeat(250)}+`, `${'k'.repeat(50)}=`), 'utf8')).toBe('long');
  });

  test('are all that stands beside SION’s own folder', async () => {
    await put('a', 'one');
    await put('a', 'two');
    await put('.sion/lease', 'mine');
    await store.delete('b', await put('b', 'gone'));
    expect(readdirSync(root).sort()).toEqual(['.sion', 'a']);
    expect(await readFile(join(root, '.sion', 'own', '.sion%2Flease'), 'utf8')).toBe('mine');
    expect(readdirSync(join(root, '.sion', 'meta')).sort()).toEqual(['.sion%2Flease', 'a']);
  });

  test('leave no temporary files, whatever became of the write', async () => {
    const etag = await put('a', 'one');
    await store.put('a', Buffer.from('x'), {}, { kind: 'absent' });
    await store.replaceMetadata('a', etag, {});
    const upload = await store.beginUpload('b');
    await upload.write(Buffer.alloc(10));
    await upload.commit({}, { kind: 'match', etag });
    await upload.abort();
    const [writer] = readdirSync(join(root, '.sion', 'writers'));
    expect(readdirSync(join(root, '.sion', 'writers', String(writer)))).toEqual([]);
    await store.close();
    expect(readdirSync(join(root, '.sion', 'writers'))).toEqual([]);
    expect(readdirSync(join(root, '.sion', 'revoked'))).toEqual([]);
  });
});

describe('a file put there by others', () => {
  test('is served and listed, without a version', async () => {
    await writeFile(join(root, 'by hand'), 'hello');
    const head = await store.head('by hand');
    expect(head).toMatchObject({ name: 'by hand', sizeBytes: 5, metadata: {} });
    expect(await read(store, 'by hand')).toBe('hello');
    expect((await store.list('', { limit: 9 })).objects).toEqual([head]);
  });

  test('has an ETag that changes with it, and can be written over, changed and deleted by it', async () => {
    const path = join(root, 'a');
    await writeFile(path, 'one');
    const first = (await store.head('a'))?.etag ?? '';
    appendFileSync(path, ' more');
    expect(await store.put('a', Buffer.from('x'), {}, { kind: 'match', etag: first })).toEqual({ kind: 'conflict' });
    const second = (await store.head('a'))?.etag ?? '';
    expect(await store.replaceMetadata('a', second, { version: '1.1' })).toMatchObject({ kind: 'written' });
    expect((await store.head('a'))?.metadata).toEqual({ version: '1.1' });
    expect(await read(store, 'a')).toBe('one more');
    await writeFile(path, 'by hand again');
    expect((await store.head('a'))?.metadata).toEqual({});
    expect(await store.delete('a', (await store.head('a'))?.etag ?? '')).toEqual({ kind: 'deleted' });
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('over an object of SION’s takes its place, its metadata gone', async () => {
    const etag = await put('a', 'one');
    await writeFile(join(root, 'other'), 'two');
    await rename(join(root, 'other'), join(root, 'a'));
    expect(await store.head('a')).toMatchObject({ sizeBytes: 3, metadata: {} });
    expect(await store.get('a', { ifMatch: etag })).toEqual({ kind: 'superseded' });
    await put('a', 'three', '2.1');
    expect(await store.head('a')).toMatchObject({ metadata: { version: '2.1' } });
  });

  test('that changes while it is read breaks the body off', async () => {
    await writeFile(join(root, 'a'), Buffer.alloc(5_000_000, 'x'));
    const outcome = await store.get('a');
    if (outcome.kind !== 'hit') throw new Error('missing');
    await writeFile(join(root, 'a'), Buffer.alloc(5_000_000, 'y'));
    await utimes(join(root, 'a'), 1, 1);
    await expect(collect(outcome.body)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('that is none is not an object: folders, links, pipes', async () => {
    await writeFile(join(folder, 'secret'), 'outside');
    await symlink(join(folder, 'secret'), join(root, 'link'));
    await mkdir(join(root, 'folder', 'deep'), { recursive: true });
    execFileSync('mkfifo', [join(root, 'pipe')]);
    for (const name of ['link', 'folder', 'folder/deep', 'pipe']) {
      expect(await store.get(name)).toEqual({ kind: 'miss' });
      expect(await store.head(name)).toBeUndefined();
    }
    await put('a', 'one');
    expect((await store.list('', { limit: 9 })).objects.map(({ name }) => name)).toEqual(['a']);
    await expect(put('folder', 'x')).rejects.toMatchObject({ code: 'unavailable' });
  });
});

test('a large object comes in small pieces: a slow reader holds some of them', async () => {
  await putAny(store, 'a', Buffer.alloc(5_000_000, 'x'), { version: '1.1' });
  const outcome = await store.get('a');
  if (outcome.kind !== 'hit') throw new Error('missing');
  const lengths: number[] = [];
  for await (const piece of outcome.body) lengths.push(piece.byteLength);
  expect(lengths.reduce((sum, length) => sum + length)).toBe(5_000_000);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(256 * 1024);
});

describe('a copy of the folder', () => {
  test('keeps the metadata', async () => {
    await put('a', 'one');
    await put('a', 'two', '1.2');
    await put('b/c', 'three', '1.3');
    execFileSync('cp', ['-a', root, join(folder, 'archive')]);
    const archive = await open(join(folder, 'archive'));
    expect(await archive.list('', { limit: 9 })).toEqual(await store.list('', { limit: 9 }));
    expect(await read(archive, 'a')).toBe('two');
    await archive.claim();
    const etag = (await archive.head('a'))?.etag ?? '';
    expect(await archive.delete('a', etag)).toEqual({ kind: 'deleted' });
    expect(await read(store, 'a')).toBe('two');
    await archive.close();
  });

  test('that lost its times is read without metadata, never with that of another version', async () => {
    await put('a', 'one');
    await utimes(join(root, 'a'), 1, 1);
    expect(await store.head('a')).toMatchObject({ sizeBytes: 3, metadata: {} });
  });
});

test('a version of the same size and time as the one before is told from it', async () => {
  // The clock of a file system is coarse: two quick writes may well carry the same time.
  const first = await put('a', 'one', '1.1');
  const path = join(root, 'a');
  const upload = await store.beginUpload('a');
  await upload.write(Buffer.from('two'));
  const [writer] = readdirSync(join(root, '.sion', 'writers'));
  const staging = join(root, '.sion', 'writers', String(writer));
  const [staged] = readdirSync(staging);
  const { mtimeMs } = await stat(path);
  await utimes(path, mtimeMs / 1000, Math.floor(mtimeMs / 1000));
  await utimes(join(staging, String(staged)), mtimeMs / 1000, Math.floor(mtimeMs / 1000));
  const etag = (await store.head('a'))?.etag ?? '';
  expect(etag).not.toBe(first);
  await upload.commit({ version: '1.2' }, { kind: 'match', etag });
  expect((await store.head('a'))?.metadata.version).toBe('1.2');
  expect(Math.floor((await stat(path)).mtimeMs)).toBe(Math.floor(mtimeMs / 1000) * 1000 + 2);
});

test('a damaged sidecar is told, and mended by removing it', async () => {
  await put('a', 'one');
  const sidecar = join(root, '.sion', 'meta', 'a');
  await writeFile(sidecar, 'nonsense');
  await expect(store.head('a')).rejects.toMatchObject({ code: 'corrupt', message: expect.stringContaining(sidecar) });
  await rm(sidecar);
  expect(await read(store, 'a')).toBe('one');
});
