import type { Files } from '@sion/components';
import { beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../../../tests/doubles/turns.ts';
import { createWorld, overwrite, remove, valueOf, type World } from '../objects/engine-world.test-data.ts';
import { createMemoryFiles } from '../objects/trial/life.test-data.ts';
import { drive, put, type Restarted, restart, save, snapshotPartsOf } from './restart.test-data.ts';
import { SnapshotKeeper } from './snapshot-keeper.ts';
import { cleanFile, snapshotFile } from './snapshot-parts.ts';

const keys = ['a', 'b', 'c', 'd', 'e'];

let files: Files;
let before: World;

beforeEach(async () => {
  files = createMemoryFiles();
  before = createWorld();
  for (const key of keys) await put(before, key, `${key} 1`);
});

/** What the store was asked while the values of all keys were read. */
async function readAll(world: World): Promise<{ readonly values: readonly string[]; readonly requests: string[] }> {
  world.requests.length = 0;
  const values: string[] = [];
  for (const key of keys) values.push(String(await valueOf(world, key)));
  return { values, requests: [...world.requests] };
}

/** Chunks that nodes hold and that the proxy knows of. */
function chunksOf({ fleet }: World): { readonly held: number; readonly known: number } {
  for (let node = 0; node < fleet.size; node++) fleet.reconcile(node);
  let known = 0;
  for (let node = 0; node < fleet.size; node++) known += [...fleet.manifest(node)].length;
  return { held: fleet.chunks, known };
}

async function changeOutside({ store }: World, key: string): Promise<void> {
  const object = await store.head(key);
  await store.put(key, Buffer.from('outside'), {}, { kind: 'match', etag: object?.etag ?? '' });
}

function replaceOnce(bytes: Uint8Array, from: string, to: string): Uint8Array {
  return Buffer.from(Buffer.from(bytes).toString('latin1').replace(from, to), 'latin1');
}

async function loadAll({ world, loader }: Restarted): Promise<World> {
  await drive(world, loader.loaded);
  return world;
}

describe('after an orderly stop', () => {
  beforeEach(() => save(before, files, 'clean'));

  it('everything comes from memory, without a store request', async () => {
    const world = await loadAll(await restart(before, files));
    expect(await readAll(world)).toEqual({ values: keys.map((key) => `${key} 1`), requests: [] });
    expect(world.metrics.snapshot().gets).toMatchObject({ memory: keys.length, store: 0 });
    expect(chunksOf(world)).toEqual({ held: 10, known: 10 });
  });

  it('what was read meanwhile is taken back all the same, and was not placed anew', async () => {
    const restarted = await restart(before, files);
    const { world } = restarted;
    world.requests.length = 0;
    expect(String(await valueOf(world, 'c'))).toBe('c 1');
    expect(world.requests).toEqual(['get c']);
    await loadAll(restarted);
    expect((await readAll(world)).requests).toEqual([]);
    expect(chunksOf(world)).toEqual({ held: 10, known: 10 });
  });

  it('what was written meanwhile holds, and its older chunks are evicted', async () => {
    const restarted = await restart(before, files);
    const { world } = restarted;
    await world.engine.mutate('a', overwrite(Buffer.from('a 2')));
    await world.engine.mutate('e', remove);
    await loadAll(restarted);
    expect((await readAll(world)).values).toEqual(['a 2', 'b 1', 'c 1', 'd 1', 'undefined']);
    expect(world.engine.places('b')?.complete).toBe(true);
    await world.engine.drain();
    // The new version of `a` was placed by the read just now.
    expect(chunksOf(world)).toEqual({ held: 8, known: 8 });
  });

  it('what others have changed is not covered up, once it was seen or told', async () => {
    for (const key of keys) await changeOutside(before, key);
    const restarted = await restart(before, files);
    const { world } = restarted;
    expect(String(await valueOf(world, 'a'))).toBe('outside');
    await world.engine.invalidate('b');
    await world.engine.invalidatePrefix('c');
    const listed = await world.engine.list({ prefix: 'd', limit: 10 });
    expect(listed.objects.map(({ key }) => key)).toEqual(['d']);
    await loadAll(restarted);
    expect((await readAll(world)).values).toEqual(['outside', 'outside', 'outside', 'outside', 'e 1']);
  });

  it('a key that was found to be gone stays gone, even when that is forgotten again', async () => {
    const object = await before.store.head('b');
    await before.store.delete('b', object?.etag ?? '');
    const restarted = await restart(before, files);
    const { world } = restarted;
    expect(await valueOf(world, 'b')).toBeUndefined();
    world.clock.stall(2000);
    await loadAll(restarted);
    expect(await valueOf(world, 'b')).toBeUndefined();
  });

  it('no more is put back than the directory takes', async () => {
    const world = await loadAll(await restart(before, files, { maxEntries: 3 }));
    expect(world.engine.knowledge.size).toBe(3);
    expect(chunksOf(world)).toEqual({ held: 6, known: 6 });
    expect((await readAll(world)).values).toEqual(keys.map((key) => `${key} 1`));
  });

  it.each([
    ['without its end', (bytes: Uint8Array) => bytes.subarray(0, -1), 0],
    ['with more after it', (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.from('x')]), 0],
    ['of another format', (bytes: Uint8Array) => replaceOnce(bytes, '"format":4', '"format":9'), 0],
    ['that is empty', () => new Uint8Array(), 0],
    ['damaged in its third entry', (bytes: Uint8Array) => replaceOnce(bytes, '"key":"c"', '"key":"x"'), 2],
  ])('a snapshot %s costs requests and nothing else', async (_, change, restored) => {
    await files.replace(snapshotFile, change((await files.read(snapshotFile)) ?? new Uint8Array()));
    const world = await loadAll(await restart(before, files));
    expect(world.engine.count().inMemory).toBe(restored);
    expect((await readAll(world)).values).toEqual(keys.map((key) => `${key} 1`));
    expect(world.engine.memory.isOpen).toBe(true);
  });

  it('it is believed once only', async () => {
    await restart(before, files);
    expect(await files.read(cleanFile)).toBeUndefined();
    const world = await loadAll(await restart(before, files));
    expect((await readAll(world)).requests).toEqual(keys.map((key) => `head ${key}`));
    expect((await readAll(world)).requests).toEqual([]);
  });
});

it('after a crash each entry is confirmed once, and chunks that came since are evicted', async () => {
  await save(before, files, 'unclean');
  await put(before, 'late', 'late 1');
  await changeOutside(before, 'b');
  const world = await loadAll(await restart(before, files));
  expect(chunksOf(world)).toEqual({ held: 10, known: 10 });
  const { values, requests } = await readAll(world);
  expect(values).toEqual(['a 1', 'outside', 'c 1', 'd 1', 'e 1']);
  expect(requests).toEqual(['head a', 'head b', 'get b', 'head c', 'head d', 'head e']);
});

describe('objects that are in memory alone', () => {
  it.each([
    ['clean', 1, true],
    ['unclean', 0, false],
  ] as const)('come back from a %s snapshot: %i', async (stop, back, mayHold) => {
    const entry = before.engine.knowledge.peek('a');
    if (entry !== undefined) Object.assign(entry, { object: { ...entry.object, volatile: true } });
    await save(before, files, stop);
    const restarted = await restart(before, files);
    expect(restarted.loader.progress.total).toBe(keys.length - 1 + back);
    expect(restarted.loader.mayHoldVolatile).toBe(mayHold);
    const world = await loadAll(restarted);
    expect(restarted.loader.mayHoldVolatile).toBe(false);
    expect(world.engine.count().inMemory).toBe(keys.length - 1 + back);
  });

  it('are never taken from an older snapshot', async () => {
    const entry = before.engine.knowledge.peek('a');
    if (entry !== undefined) Object.assign(entry, { object: { ...entry.object, volatile: true } });
    await save(before, files, 'clean');
    await files.remove(cleanFile);
    const restarted = await restart(before, files);
    expect(restarted.loader.mayHoldVolatile).toBe(false);
    const world = await loadAll(restarted);
    expect(world.engine.count().inMemory).toBe(keys.length - 1);
  });
});

describe('keeping it', () => {
  it('waits for the loading, writes when something has changed only, and once more when it stops', async () => {
    await save(before, files, 'clean');
    const { world, loader } = await restart(before, files);
    const keeper = new SnapshotKeeper({ ...snapshotPartsOf(world, files), loader, snapshotMs: 1000 });
    await drive(world, loader.loaded);
    await files.remove(snapshotFile);
    world.clock.advance(1000);
    expect(await files.read(snapshotFile)).toBeUndefined();
    world.engine.knowledge.forget('a');
    world.clock.advance(1000);
    await drive(
      world,
      until(async () => (await files.read(snapshotFile)) !== undefined),
    );
    const text = Buffer.from((await files.read(snapshotFile)) ?? []).toString('latin1');
    expect(keys.filter((key) => text.includes(`"key":"${key}"`))).toEqual(['b', 'c', 'd', 'e']);
    await drive(world, keeper.stop(true));
    expect(await files.read(cleanFile)).toBeDefined();
    expect(await files.list()).toEqual([cleanFile, snapshotFile]);
  });

  it('a stop while it is loaded loses nothing of it', async () => {
    await save(before, files, 'clean');
    const { world, loader } = await restart(before, files);
    const keeper = new SnapshotKeeper({ ...snapshotPartsOf(world, files), loader, snapshotMs: 1000 });
    await drive(world, keeper.stop(true));
    const next = await loadAll(await restart(world, files));
    expect(await readAll(next)).toEqual({ values: keys.map((key) => `${key} 1`), requests: [] });
  });
});
