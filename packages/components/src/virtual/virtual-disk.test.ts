/** What deaths and failures leave on a virtual disk. What it does otherwise is in the conformance suite of files. */
import { SeededRandom } from '@sion/workload';
import { beforeEach, expect, test } from 'vitest';
import type { Files } from '../files.ts';
import { type DiskRequest, VirtualDisk } from './virtual-disk.ts';
import { VirtualProcess } from './virtual-process.ts';
import { VirtualTime } from './virtual-time.ts';

let time: VirtualTime;
let random: SeededRandom;
let failing: DiskRequest | undefined;
let disk: VirtualDisk;
let process: VirtualProcess;
let files: Files;

function beginWorld(seed: number): void {
  time = new VirtualTime();
  random = new SeededRandom(seed);
  failing = undefined;
  disk = new VirtualDisk({
    requestMs: () => 1,
    fails: (request) => request === failing,
    keptBytes: (most) => random.integer(most + 1),
  });
  process = new VirtualProcess(time, 'first', 0);
  files = disk.of(process);
}
beforeEach(() => beginWorld(1));

async function settle<T>(promise: Promise<T>): Promise<T> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  promise.then(over, over);
  await time.run(() => isOver);
  return promise;
}

/** The machine dies and starts again. */
function restart(): void {
  disk.loseUnsynced(random);
  process.kill();
  process = new VirtualProcess(time, 'next', 0);
  files = disk.of(process);
}

async function readAll(name: string): Promise<string | undefined> {
  const bytes = await settle(files.read(name));
  return bytes && Buffer.from(bytes).toString('latin1');
}

async function write(name: string, ...pieces: string[]) {
  const file = await settle(files.create(name));
  for (const piece of pieces) await settle(piece === 'sync' ? file.sync() : file.append([Buffer.from(piece)]));
  return file;
}

test('what was synced or replaced is there after every crash, whatever else is lost', async () => {
  const left = new Set<string>();
  for (let seed = 0; seed < 200; seed++) {
    beginWorld(seed);
    await write('a', 'kept|', 'sync', 'a lost end');
    await settle(files.replace('b', Buffer.from('whole')));
    restart();
    const a = (await readAll('a'))!;
    expect(a.startsWith('kept|')).toBe(true);
    expect(await readAll('b')).toBe('whole');
    const end = a.slice(5);
    left.add('a lost end'.startsWith(end) ? (end === '' ? 'nothing' : 'a beginning') : 'torn');
    restart();
    expect(await readAll('a')).toBe(a);
  }
  expect([...left].sort()).toEqual(['a beginning', 'nothing', 'torn']);
});

test('a file that was never synced may be gone; one that was removed does not come back', async () => {
  let gone = 0;
  for (let seed = 0; seed < 50; seed++) {
    beginWorld(seed);
    await write('new', 'bytes');
    await write('old', 'bytes', 'sync');
    await settle(files.remove('old'));
    restart();
    const names = await settle(files.list());
    expect([[], ['new']]).toContainEqual(names);
    if (names.length === 0) gone++;
  }
  expect(gone).toBeGreaterThan(5);
  expect(gone).toBeLessThan(45);
});

test('what a process had asked for is done when it dies alone, and not when the machine dies', async () => {
  for (const dies of ['process', 'machine']) {
    beginWorld(1);
    void files.replace('a', Buffer.from('x'));
    if (dies === 'machine') disk.loseUnsynced(random);
    process.kill();
    files = disk.of(new VirtualProcess(time, 'next', 0));
    expect(await readAll('a')).toBe(dies === 'process' ? 'x' : undefined);
  }
});

test('what was not synced is still there when a process dies alone', async () => {
  await write('a', 'bytes');
  process.kill();
  files = disk.of(new VirtualProcess(time, 'next', 0));
  expect(await readAll('a')).toBe('bytes');
});

test('a failed append leaves a part of it, and the file is good for nothing but its end', async () => {
  const kept = new Set<number>();
  for (let seed = 0; seed < 50; seed++) {
    beginWorld(seed);
    const file = await write('a', 'one|');
    failing = 'append';
    await expect(settle(file.append([Buffer.from('1234')]))).rejects.toMatchObject({ code: 'unavailable' });
    failing = undefined;
    await expect(settle(file.append([Buffer.from('5678')]))).rejects.toMatchObject({ code: 'unavailable' });
    await expect(settle(file.sync())).rejects.toMatchObject({ code: 'unavailable' });
    expect(file.sizeBytes).toBe(4);
    await file.close();
    const bytes = (await readAll('a'))!;
    expect('one|1234'.startsWith(bytes)).toBe(true);
    kept.add(bytes.length - 4);
  }
  expect(kept).toEqual(new Set([0, 1, 2, 3, 4]));
});

test('what a failed sync was to force is durable or not', async () => {
  const left = new Set<boolean>();
  for (let seed = 0; seed < 50; seed++) {
    beginWorld(seed);
    const file = await write('a', 'sync', 'bytes');
    failing = 'sync';
    await expect(settle(file.sync())).rejects.toMatchObject({ code: 'unavailable' });
    failing = undefined;
    restart();
    left.add((await readAll('a')) === 'bytes');
  }
  expect(left.size).toBe(2);
});

test.each(['read', 'replace', 'remove', 'list', 'create', 'open', 'rename'] as const)(
  'a %s that fails has changed nothing',
  async (request) => {
    await write('a', 'one', 'sync');
    failing = request;
    const calls = {
      read: () => files.read('a'),
      replace: () => files.replace('a', Buffer.from('two')),
      remove: () => files.remove('a'),
      list: () => files.list(),
      create: () => files.create('b'),
      open: () => files.open('a'),
      rename: () => files.rename('a', 'b'),
    };
    await expect(settle<unknown>(calls[request]())).rejects.toMatchObject({ code: 'unavailable' });
    failing = undefined;
    expect([await settle(files.list()), await readAll('a')]).toEqual([['a'], 'one']);
  },
);

test('a disk that another process has taken fails those that had it, and what they had not synced is left in part', async () => {
  const elder = disk.attach(process, random);
  const file = await settle(elder.create('log'));
  await settle(file.append([Buffer.from('synced')]));
  await settle(file.sync());
  await settle(file.append([Buffer.from('unsynced'.repeat(100))]));
  const heir = new VirtualProcess(time, 'heir', 0);
  const taken = disk.attach(heir, random);
  await expect(settle(elder.read('log'))).resolves.toHaveLength(806);
  const late = file.append([Buffer.from('late')]);
  const found = await settle(taken.read('log'));
  await expect(settle(late)).rejects.toMatchObject({ code: 'unavailable' });
  expect(Buffer.from(found ?? []).toString()).toMatch(/^synced/);
  expect(found?.length).toBeLessThan(806);
  await expect(settle(elder.list())).rejects.toMatchObject({ code: 'unavailable' });
  await expect(settle(taken.list())).resolves.toEqual(['log']);
});

test('a disk that the next process takes from a dead one has all that was written', async () => {
  const elder = disk.attach(process, random);
  const file = await settle(elder.create('log'));
  await settle(file.append([Buffer.from('unsynced')]));
  process.kill();
  const heir = disk.attach(new VirtualProcess(time, 'heir', 0), random);
  await expect(settle(heir.read('log'))).resolves.toHaveLength(8);
});
