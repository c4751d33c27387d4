import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openFiles } from './files.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sion-files-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('a file is read back as it was written, replaced, and removed without leftovers', async () => {
  const files = await openFiles(join(root, 'deep', 'folder'));
  expect(await files.read('snapshot.json')).toBeUndefined();
  await files.replace('snapshot.json', Buffer.from('one'));
  await files.replace('snapshot.json', Buffer.from('two'));
  expect(Buffer.from((await files.read('snapshot.json')) ?? []).toString()).toBe('two');
  expect(await readdir(join(root, 'deep', 'folder'))).toEqual(['snapshot.json']);
  await files.remove('snapshot.json');
  await files.remove('snapshot.json');
  expect(await readdir(join(root, 'deep', 'folder'))).toEqual([]);
});

test('a name that leaves the folder is a programmer error', async () => {
  const files = await openFiles(root);
  for (const name of ['../x', 'a/b', '', '.', '..', '.hidden', 'a\0b', 'x'.repeat(201)]) {
    expect(() => files.read(name)).toThrow(RangeError);
    expect(() => files.replace(name, new Uint8Array())).toThrow(RangeError);
    expect(() => files.remove(name)).toThrow(RangeError);
    expect(() => files.create(name)).toThrow(RangeError);
    expect(() => files.open(name)).toThrow(RangeError);
    expect(() => files.rename('a', name)).toThrow(RangeError);
    expect(() => files.rename(name, 'a')).toThrow(RangeError);
  }
});

test('a folder that is gone is unavailable', async () => {
  const folder = join(root, 'folder');
  const files = await openFiles(folder);
  await rename(folder, join(root, 'elsewhere'));
  const unavailable = { code: 'unavailable' };
  await expect(files.replace('a', new Uint8Array(3))).rejects.toMatchObject(unavailable);
  await expect(files.remove('a')).rejects.toMatchObject(unavailable);
  await expect(files.create('a')).rejects.toMatchObject(unavailable);
  await expect(files.list()).rejects.toMatchObject(unavailable);
});

test('neither folders nor what is being replaced are listed, and files are for their owner only', async () => {
  const files = await openFiles(root);
  await mkdir(join(root, 'folder'));
  await writeFile(join(root, `a.${process.ppid}-0123456789ab.tmp`), 'half');
  await files.replace('a', Buffer.from('x'));
  await (await files.create('b')).close();
  expect(await files.list()).toEqual(['a', 'b']);
  for (const name of ['a', 'b']) expect((await stat(join(root, name))).mode & 0o777).toBe(0o600);
});

test('what a killed process left half written goes when the folder is opened; what a running one writes stays', async () => {
  const dead = spawnSync(process.execPath, ['--version']).pid;
  const running = process.ppid;
  const left = [`snapshot.json.${dead}-0123456789ab.tmp`, `snapshot.json.${process.pid}-0123456789ab.tmp`];
  const kept = ['notes.tmp', 'snapshot.json', `snapshot.json.${running}-0123456789ab.tmp`];
  for (const name of [...left, ...kept]) await writeFile(join(root, name), 'half');
  const files = await openFiles(root);
  expect((await readdir(root)).sort()).toEqual(kept);
  await files.replace('snapshot.json', Buffer.from('whole'));
  expect((await readdir(root)).sort()).toEqual(kept);
});
