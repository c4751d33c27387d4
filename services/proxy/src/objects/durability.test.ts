/** The durabilities over the real engine: what is acknowledged when, what outlives what, and what is never seen again. */
import { SionError } from '@sion/wire';
import { describe, expect, it } from 'vitest';
import { strongestDurability } from './durability.ts';
import {
  createJournaledWorld,
  createWorld,
  failing,
  increment,
  overwrite,
  pass,
  payload,
  piecesOf,
  remove,
  valueOf,
  type World,
} from './engine-world.test-data.ts';
import type { Durability, Mutation, StagedBytes } from './objects.ts';
import { createMemoryFiles } from './trial/life.test-data.ts';

const journal = { durability: 'journal' } as const;
const memory = { durability: 'memory' } as const;

async function put(world: World, key: string, text: string, durability: Durability): Promise<void> {
  await world.engine.mutate(key, overwrite(Buffer.from(text)), { durability });
}

function overwriteStaged(staged: StagedBytes): Mutation<undefined> {
  return { needs: 'nothing', decide: () => ({ kind: 'write', bytes: staged, result: undefined }) };
}

async function textOf(world: World, key: string): Promise<string | undefined> {
  return (await valueOf(world, key))?.toString();
}

async function stored(world: World, name: string): Promise<string | undefined> {
  const got = await world.store.get(name);
  if (got.kind !== 'hit') return undefined;
  const pieces: Uint8Array[] = [];
  for await (const piece of got.body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function keysOf(world: World): Promise<readonly string[]> {
  return (await world.engine.list({ prefix: '', limit: 100 })).objects.map(({ key }) => key);
}

const storeDown = (world: World) => {
  world.hooks.before = failing('unavailable');
};
const storeUp = (world: World) => {
  delete world.hooks.before;
};

it('the most careful of several durabilities counts; who does not say asks for the proxy’s own', () => {
  expect(strongestDurability(['memory', 'store', 'journal'], 'memory')).toBe('store');
  expect(strongestDurability(['memory', undefined], 'store')).toBe('store');
  expect(strongestDurability(['memory', undefined, 'journal'], 'memory')).toBe('journal');
  expect(strongestDurability([undefined], 'memory')).toBe('memory');
  expect(strongestDurability([], 'journal')).toBe('journal');
});

describe('durability journal', () => {
  it('acknowledges, reads back and lists while the store is away, and brings it there afterwards', async () => {
    const world = await createJournaledWorld({ files: createMemoryFiles() });
    storeDown(world);
    await put(world, 'a', 'one', 'journal');
    await put(world, 'a', 'two', 'journal');
    await put(world, 'b', 'b', 'journal');
    expect(await world.engine.mutate('b', remove, journal)).toBe(true);
    expect([await textOf(world, 'a'), await textOf(world, 'b')]).toEqual(['two', undefined]);
    await pass(world, 5_000);
    const { failingSinceMs = Number.NaN } = world.journaled.depth;
    expect(world.clock.monotonicMs() - failingSinceMs).toBe(5_000);
    storeUp(world);
    await pass(world, 30_000);
    expect(world.journaled.depth.failingSinceMs).toBeUndefined();
    expect([await stored(world, 'a'), await stored(world, 'b')]).toEqual(['two', undefined]);
    expect(world.journaled.depth).toMatchObject({ names: 0, records: 0 });
    expect(await textOf(world, 'a')).toBe('two');
    expect(world.metrics.snapshot().puts).toMatchObject({ journal: 3, store: 0 });
  });

  it('lists what the store does not have yet, and not what is deleted', async () => {
    const world = await createJournaledWorld({ files: createMemoryFiles() });
    for (const key of ['a', 'c', 'e']) await put(world, key, key, 'store');
    world.hooks.before = (request) => {
      if (request === 'put' || request === 'delete') throw new SionError('unavailable', 'injected');
    };
    await put(world, 'b', 'b', 'journal');
    await put(world, 'f', 'f', 'journal');
    await world.engine.mutate('c', remove, journal);
    await put(world, 'e', 'longer', 'journal');
    const page = await world.engine.list({ prefix: '', limit: 3 });
    expect(page.objects.map(({ key }) => key)).toEqual(['a', 'b', 'e']);
    const rest = await world.engine.list({
      prefix: '',
      limit: 3,
      ...(page.next === undefined ? {} : { after: page.next }),
    });
    expect(rest.objects.map(({ key, info }) => [key, info.sizeBytes])).toEqual([['f', 1]]);
    expect(page.objects.at(-1)?.info.sizeBytes).toBe(6);
  });

  it('outlives its proxy: the next one has every acknowledged write before the store has', async () => {
    const files = createMemoryFiles();
    const first = await createJournaledWorld({ files });
    await put(first, 'kept', 'old', 'store');
    await put(first, 'gone', 'x', 'store');
    first.hooks.before = (request) => {
      if (request === 'put' || request === 'delete') throw new SionError('unavailable', 'injected');
    };
    await put(first, 'kept', 'new', 'journal');
    await put(first, 'fresh', 'f', 'journal');
    await first.engine.mutate('gone', remove, journal);
    for (let index = 0; index < 3; index++) await first.engine.mutate('n', increment, journal);
    const closing = first.journaled.close();
    await pass(first, 2000);
    await closing;
    const second = await createJournaledWorld({ files, after: first });
    const seen = [];
    for (const key of ['kept', 'fresh', 'gone', 'n']) seen.push(await textOf(second, key));
    expect(seen).toEqual(['new', 'f', undefined, '3']);
    storeUp(second);
    await pass(second, 120_000);
    const names = [];
    for (const name of ['kept', 'fresh', 'gone', 'n']) names.push(await stored(second, name));
    expect([names, second.journaled.depth.names]).toEqual([['new', 'f', undefined, '3'], 0]);
  });

  it('never replaces what came later: a record that is told again is passed over', async () => {
    const files = createMemoryFiles();
    const first = await createJournaledWorld({ files });
    storeDown(first);
    await put(first, 'a', 'journaled', 'journal');
    storeUp(first);
    const copy = createMemoryFiles();
    for (const name of await files.list()) await copy.replace(name, (await files.read(name)) ?? new Uint8Array());
    await pass(first, 20_000);
    await put(first, 'a', 'later', 'store');
    // As after a crash in which the marks of what was retired did not reach the disk.
    const second = await createJournaledWorld({ files: copy, after: first });
    expect(await textOf(second, 'a')).toBe('later');
    await pass(second, 120_000);
    expect([await stored(second, 'a'), second.journaled.depth.names]).toEqual(['later', 0]);
  });

  it('a delete that the store has confirmed is not undone by a replay', async () => {
    const files = createMemoryFiles();
    const first = await createJournaledWorld({ files });
    await put(first, 'a', 'journaled', 'journal');
    await pass(first, 1000);
    expect(await first.engine.mutate('a', remove)).toBe(true);
    const copy = createMemoryFiles();
    for (const name of await files.list()) await copy.replace(name, (await files.read(name)) ?? new Uint8Array());
    const second = await createJournaledWorld({ files: copy, after: first });
    expect(await textOf(second, 'a')).toBeUndefined();
    await pass(second, 120_000);
    expect(await stored(second, 'a')).toBeUndefined();
  });

  it.each(['journal', 'store'] as const)(
    'an attempt that lands late brings no value back that was deleted meanwhile (%s)',
    async (durability) => {
      const world = await createJournaledWorld({ files: createMemoryFiles() });
      let land: (() => Promise<void>) | undefined;
      const realPut = world.store.put.bind(world.store);
      world.store.put = async (name, bytes, metadata, condition) => {
        if (land !== undefined || name !== 'a') return await realPut(name, bytes, metadata, condition);
        const late = new Uint8Array(bytes);
        land = async () => void (await realPut(name, late, metadata, condition));
        throw new SionError('indeterminate', 'no answer in time');
      };
      await put(world, 'a', 'journaled', 'journal');
      await pass(world, 20_000);
      expect(await textOf(world, 'a')).toBe('journaled');
      expect(await world.engine.mutate('a', remove, { durability })).toBe(true);
      await land?.();
      expect(await textOf(world, 'a')).toBeUndefined();
      await pass(world, 200_000);
      expect([await textOf(world, 'a'), await stored(world, 'a'), world.journaled.depth.names]).toEqual([
        undefined,
        undefined,
        0,
      ]);
    },
  );

  it('behaves like store when the journal is full', async () => {
    const world = await createJournaledWorld({ files: createMemoryFiles(), journalBytes: 1024 * 1024 });
    world.hooks.before = (request) => {
      if (request === 'put') throw new SionError('unavailable', 'injected');
    };
    const bytes = Buffer.alloc(30_000);
    let taken = 0;
    const refused = await (async () => {
      for (; taken < 100; taken++) await world.engine.mutate(`k${taken}`, overwrite(bytes), journal);
    })().catch((thrown: unknown) => thrown);
    expect([taken > 20, taken < 40, refused]).toEqual([true, true, expect.objectContaining({ code: 'unavailable' })]);
    expect(world.journaled.depth.bytes).toBeLessThanOrEqual(1024 * 1024);
    storeUp(world);
    await world.engine.mutate('more', overwrite(bytes), journal);
    expect(world.metrics.snapshot().puts).toMatchObject({ journal: taken, store: 1 });
    await pass(world, 60_000);
    expect(world.journaled.depth.names).toBe(0);
  });

  it('is full by the number of keys as well: however small they are, each takes memory', async () => {
    const world = await createJournaledWorld({ files: createMemoryFiles(), journalMaxRecords: 10 });
    storeDown(world);
    for (let index = 0; index < 10; index++) await put(world, `k${index}`, 'v', 'journal');
    await expect(put(world, 'more', 'v', 'journal')).rejects.toMatchObject({ code: 'unavailable' });
    expect(world.journaled.depth.records).toBe(10);
    storeUp(world);
    await put(world, 'more', 'v', 'journal');
    expect(await stored(world, 'more')).toBe('v');
  });

  it('takes long values in a file of their own, whole or not at all', async () => {
    const world = await createJournaledWorld({ files: createMemoryFiles() });
    storeDown(world);
    const bytes = payload(900_000);
    const staged = await world.engine.stage(
      'large',
      { kind: 'stream', sizeBytes: bytes.length, pieces: piecesOf(bytes) },
      journal,
    );
    await world.engine.mutate('large', overwriteStaged(staged), journal);
    await staged.discard();
    const cut = world.engine.stage(
      'cut',
      { kind: 'stream', sizeBytes: 300_000, pieces: piecesOf(payload(5)) },
      journal,
    );
    await expect(cut).rejects.toMatchObject({ code: 'invalid' });
    expect((await valueOf(world, 'large'))?.equals(Buffer.from(bytes))).toBe(true);
    storeUp(world);
    await pass(world, 30_000);
    const got = await world.store.head('large');
    expect([got?.sizeBytes, world.journaled.depth.names]).toEqual([900_000, 0]);
  });

  it('sends a stream of unknown length to the store, and takes it into the journal while that is away', async () => {
    const world = await createJournaledWorld({ files: createMemoryFiles(), journalBytes: 1024 * 1024 });
    const bytes = payload(2 * 1024 * 1024);
    const send = async (key: string, value: Uint8Array) => {
      const staged = await world.engine.stage(key, { kind: 'stream', pieces: piecesOf(value) }, journal);
      await world.engine.mutate(key, overwriteStaged(staged), journal);
      await staged.discard();
    };
    await send('longer than the journal', bytes);
    expect((await world.store.head('longer than the journal'))?.sizeBytes).toBe(bytes.length);
    storeDown(world);
    await send('short', payload(1000));
    await expect(send('too long', bytes)).rejects.toMatchObject({ code: 'capacity' });
    storeUp(world);
    await pass(world, 30_000);
    expect((await world.store.head('short'))?.sizeBytes).toBe(1000);
    expect(world.journaled.depth).toMatchObject({ names: 0, bytes: 0 });
  });

  it('a hundred increments at once are exact, and cost a few writes', async () => {
    const world = await createJournaledWorld({ files: createMemoryFiles() });
    const results = await Promise.all(Array.from({ length: 100 }, () => world.engine.mutate('n', increment, journal)));
    expect(new Set(results).size).toBe(100);
    await pass(world, 10_000);
    expect(await stored(world, 'n')).toBe('100');
    expect(world.requests.filter((request) => request === 'put n').length).toBeLessThanOrEqual(10);
  });

  it('changes the expiry of what the store has, and of what it does not have yet', async () => {
    const world = await createJournaledWorld({ files: createMemoryFiles() });
    await put(world, 'a', 'a', 'store');
    world.hooks.before = (request) => {
      if (request !== 'get' && request !== 'head') throw new SionError('unavailable', 'injected');
    };
    await put(world, 'b', 'b', 'journal');
    const expire: Mutation<undefined> = {
      needs: 'info',
      decide: (_, nowMs) => ({ kind: 'expire', expiresAtMs: nowMs + 3_600_000, result: undefined }),
    };
    await world.engine.mutate('a', expire, journal);
    await world.engine.mutate('b', expire, journal);
    expect([await textOf(world, 'a'), await textOf(world, 'b')]).toEqual(['a', 'b']);
    storeUp(world);
    await pass(world, 30_000);
    for (const name of ['a', 'b']) expect((await world.store.head(name))?.metadata.expiresAtMs).toBeGreaterThan(0);
    expect([await stored(world, 'a'), await stored(world, 'b'), world.journaled.depth.names]).toEqual(['a', 'b', 0]);
  });
});

describe('durability memory', () => {
  it('never reaches the store, is listed, and is a miss when memory has lost it', async () => {
    const world = await createJournaledWorld({ files: createMemoryFiles() });
    await put(world, 'a', 'one', 'memory');
    await put(world, 'b', 'b', 'store');
    expect([await textOf(world, 'a'), await keysOf(world)]).toEqual(['one', ['a', 'b']]);
    expect(await stored(world, 'a')).toBeUndefined();
    for (let node = 0; node < world.fleet.size; node++) world.fleet.lose(node);
    expect([await textOf(world, 'a'), await textOf(world, 'b'), await keysOf(world)]).toEqual([undefined, 'b', ['b']]);
  });

  it('deletes a stored copy first, so that losing it is never an older value', async () => {
    const world = createWorld();
    await put(world, 'a', 'stored', 'store');
    await put(world, 'a', 'cached', 'memory');
    expect([await textOf(world, 'a'), await stored(world, 'a')]).toEqual(['cached', undefined]);
    for (let node = 0; node < world.fleet.size; node++) world.fleet.lose(node);
    expect(await textOf(world, 'a')).toBeUndefined();
  });

  it('fails, and changes nothing, when functions do not take it or the stored copy cannot be deleted', async () => {
    const world = createWorld();
    await put(world, 'a', 'stored', 'store');
    world.hooks.before = (request) => {
      if (request === 'delete') throw new SionError('unavailable', 'injected');
    };
    await expect(put(world, 'a', 'cached', 'memory')).rejects.toMatchObject({ code: 'unavailable' });
    storeUp(world);
    expect(await textOf(world, 'a')).toBe('stored');
    const small = createWorld({ maxPlacedBytes: 10 });
    await expect(put(small, 'a', 'more than ten bytes', 'memory')).rejects.toMatchObject({ code: 'capacity' });
    const noPlace = world.engine.mutate('a', overwrite(Buffer.from('x')), { ...memory, place: false });
    await expect(noPlace).rejects.toMatchObject({ code: 'invalid' });
  });

  it('takes streams, counts, expires, and is durable again after a write that is', async () => {
    const world = createWorld();
    const bytes = payload(600_000);
    const staged = await world.engine.stage(
      's',
      { kind: 'stream', sizeBytes: bytes.length, pieces: piecesOf(bytes) },
      memory,
    );
    await world.engine.mutate('s', overwriteStaged(staged), memory);
    await staged.discard();
    expect((await valueOf(world, 's'))?.equals(Buffer.from(bytes))).toBe(true);
    for (let index = 0; index < 3; index++) await world.engine.mutate('n', increment, memory);
    expect([await textOf(world, 'n'), await stored(world, 'n')]).toEqual(['3', undefined]);
    expect(await world.engine.mutate('n', increment)).toBe(4);
    expect(await stored(world, 'n')).toBe('4');
    expect(await world.engine.mutate('s', remove, memory)).toBe(true);
    expect([
      await textOf(world, 's'),
      world.requests.filter(
        (request) => request.endsWith(' s') && !request.startsWith('get') && !request.startsWith('head'),
      ),
    ]).toEqual([undefined, []]);
  });
});
