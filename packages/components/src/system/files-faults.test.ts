/** Every change with a fault at each of its steps in turn: told truly, and never believed to be durable. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asSionError } from '@sion/wire';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Disk, type DiskFile, systemDisk } from '../directory-store/disk.ts';
import type { Files } from '../files.ts';
import { openFiles } from './files.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sion-files-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** A disk whose steps are noted, of which the one that `fails` picks throws. */
class FaultyDisk {
  readonly steps: string[] = [];
  fails: (step: string, count: number) => boolean = () => false;
  errno = 'EIO';

  get disk(): Disk {
    const file = (inner: DiskFile): DiskFile => ({
      ...inner,
      write: (...call) => this.#step('write', () => inner.write(...call)),
      sync: () => this.#step('sync', () => inner.sync()),
      syncData: () => this.#step('sync data', () => inner.syncData()),
    });
    return {
      ...systemDisk,
      create: (...call) => this.#step('create', async () => file(await systemDisk.create(...call))),
      rename: (...call) => this.#step('rename', () => systemDisk.rename(...call)),
      unlink: (...call) => this.#step('unlink', () => systemDisk.unlink(...call)),
      syncFolder: (...call) => this.#step('sync folder', () => systemDisk.syncFolder(...call)),
    };
  }

  async #step<T>(step: string, run: () => Promise<T>): Promise<T> {
    this.steps.push(step);
    if (!this.fails(step, this.steps.length)) return await run();
    throw Object.assign(new Error(`${this.errno}: injected`), { code: this.errno });
  }
}

async function writeTwo(files: Files): Promise<void> {
  const file = await files.create('a');
  try {
    await file.append([Buffer.from('one')]);
    await file.sync();
    await file.append([Buffer.from('two')]);
    await file.sync();
  } finally {
    await file.close();
  }
}

test('a new file is durable with its name: the folder is forced once, the bytes each time', async () => {
  const faults = new FaultyDisk();
  await writeTwo(await openFiles(root, faults.disk));
  expect(faults.steps).toEqual(['create', 'write', 'sync data', 'sync folder', 'write', 'sync data']);
});

const changes: Readonly<Record<string, (files: Files) => Promise<void>>> = {
  'writing a file': writeTwo,
  'replacing a file': (files) => files.replace('there', Buffer.from('new')),
  'removing a file': (files) => files.remove('there'),
  'renaming a file': (files) => files.rename('there', 'elsewhere'),
};

test.each(Object.keys(changes).flatMap((change) => ['EIO', 'ENOSPC'].map((errno) => [change, errno] as const)))(
  '%s with %s at each step rejects with what it means',
  async (change, errno) => {
    const run = changes[change]!;
    for (let step = 1, hit = true; hit; step++) {
      await rm(root, { recursive: true, force: true });
      const faults = new FaultyDisk();
      const files = await openFiles(root, faults.disk);
      await files.replace('there', Buffer.from('old'));
      faults.steps.length = 0;
      faults.errno = errno;
      hit = false;
      faults.fails = (_, count) => {
        if (count !== step) return false;
        hit = true;
        return true;
      };
      const code = await run(files).then(
        () => 'done',
        (error: unknown) => asSionError(error).code,
      );
      const failed = faults.steps[step - 1];
      if (!hit) expect(code).toBe('done');
      else if (change.startsWith('renaming') && failed === 'sync folder') expect(code).toBe('indeterminate');
      else expect(code).toBe(errno === 'ENOSPC' ? 'capacity' : 'unavailable');
      expect((await readdir(root)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    }
  },
);

test.each(['write', 'sync data', 'sync folder'])(
  'after a failed %s the file is good for nothing but its end',
  async (step) => {
    const faults = new FaultyDisk();
    const file = await (await openFiles(root, faults.disk)).create('a');
    faults.fails = (each) => each === step;
    const write = async () => {
      await file.append([Buffer.from('one')]);
      await file.sync();
    };
    await expect(write()).rejects.toMatchObject({ code: 'unavailable' });
    faults.fails = () => false;
    faults.steps.length = 0;
    await expect(file.append([Buffer.from('two')])).rejects.toMatchObject({ code: 'unavailable' });
    await expect(file.sync()).rejects.toMatchObject({ code: 'unavailable' });
    expect(faults.steps).toEqual([]);
    await file.close();
  },
);

test('of appends under way, those behind a failed one are not written', async () => {
  const faults = new FaultyDisk();
  const files = await openFiles(root, faults.disk);
  const file = await files.create('a');
  faults.fails = (step, count) => step === 'write' && count === 3;
  const appends = ['one', 'two', 'three', 'four'].map((piece) => file.append([Buffer.from(piece)]));
  const outcomes = await Promise.allSettled([...appends, file.sync()]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', ...Array(4).fill('rejected')]);
  await file.close();
  expect(Buffer.from((await files.read('a'))!).toString()).toBe('one');
});
