import { nameOfKey } from '@sion/core';
import { describe, expect, test } from 'vitest';
import { createWorld, overwrite, payload, placed, remove, valueOf, type World } from './engine-world.test-data.ts';

async function putByOthers(world: World, key: string, bytes: Uint8Array): Promise<void> {
  const etag = (await world.store.head(nameOfKey(key)))?.etag;
  const condition = etag === undefined ? ({ kind: 'absent' } as const) : ({ kind: 'match', etag } as const);
  await world.store.put(nameOfKey(key), bytes, {}, condition);
}

describe('warming', () => {
  test('places what is not in memory, once, and counts as no read', async () => {
    const world = createWorld();
    await putByOthers(world, 'k', payload(300_000));
    expect(await world.engine.warm('k')).toBe('placed');
    expect(world.engine.places('k')?.complete).toBe(true);
    world.requests.length = 0;
    expect(await world.engine.warm('k')).toBe('held');
    expect(world.requests).toEqual([]);
    expect(world.metrics.snapshot().gets).toEqual({ hot: 0, memory: 0, decoded: 0, store: 0, miss: 0 });
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(300_000)));
    expect(world.metrics.snapshot().gets.memory).toBe(1);
  });

  test('puts back what was lost', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(300_000)));
    await placed(world, 'k');
    for (let node = 0; node < world.fleet.size; node += 4) world.fleet.lose(node);
    expect(world.engine.places('k')?.complete).toBe(false);
    expect(await world.engine.warm('k')).toBe('placed');
    for (let node = 0; node < world.fleet.size; node++) world.fleet.lose(node);
    expect(world.engine.count()).toMatchObject({ inMemory: 1, complete: 0 });
    expect(await world.engine.warm('k')).toBe('placed');
    expect(world.engine.count()).toMatchObject({ inMemory: 1, complete: 1 });
  });

  test('says what is missing or empty, and what finds no room', async () => {
    const world = createWorld({ capacityBytes: 10_000 });
    await world.engine.mutate('empty', overwrite(payload(0)));
    await putByOthers(world, 'large', payload(300_000));
    await putByOthers(world, 'small', payload(1000));
    const expiresAtMs = world.clock.wallMs() + 1000;
    await world.engine.mutate('expiring', overwrite(payload(1000), expiresAtMs));
    await placed(world, 'expiring');
    expect(await world.engine.warm('expiring')).toBe('held');
    world.clock.advance(1000);
    const keys = ['empty', 'large', 'small', 'missing', 'expiring'];
    const outcomes = await Promise.all(keys.map((key) => world.engine.warm(key)));
    expect(outcomes).toEqual(['held', 'refused', 'placed', 'missing', 'missing']);
  });

  test('gives up at its signal, and holds nothing', async () => {
    const world = createWorld();
    await putByOthers(world, 'k', payload(300_000));
    const gone = new AbortController();
    world.hooks.after = (request) => {
      if (request === 'get') gone.abort(new Error('gone'));
    };
    await expect(world.engine.warm('k', gone.signal)).rejects.toThrow();
    await world.engine.drain();
    expect([world.fleet.chunks, world.engine.memory.parts.budget.usedBytes]).toEqual([0, 0]);
  });
});

describe('invalidating', () => {
  test('makes the next read look in the store, and frees memory', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(300_000)));
    await placed(world, 'k');
    await putByOthers(world, 'k', payload(7));
    expect((await valueOf(world, 'k'))?.length).toBe(300_000);
    expect(await world.engine.invalidate('k')).toBe(true);
    expect(world.fleet.chunks).toBe(0);
    expect((await valueOf(world, 'k'))?.length).toBe(7);
    expect(await world.engine.invalidate('never seen')).toBe(false);
  });

  test('forgets that a key was missing', async () => {
    const world = createWorld();
    expect(await world.engine.info('k')).toBeUndefined();
    await putByOthers(world, 'k', payload(7));
    expect(await world.engine.info('k')).toBeUndefined();
    await world.engine.invalidate('k');
    expect((await world.engine.info('k'))?.sizeBytes).toBe(7);
  });

  test('of a prefix takes all keys that begin with it, known or missing', async () => {
    const world = createWorld();
    for (const key of ['a/1', 'a/2', 'b/1']) await world.engine.mutate(key, overwrite(payload(100)));
    await world.engine.info('a/missing');
    await world.engine.mutate('a/2', remove);
    for (const key of ['a/1', 'b/1']) await placed(world, key);
    for (const key of ['a/1', 'a/2', 'a/missing', 'b/1']) await putByOthers(world, key, payload(7));
    expect(await world.engine.invalidatePrefix('a/')).toBe(3);
    const sizes = ['a/1', 'a/2', 'a/missing', 'b/1'].map(async (key) => (await world.engine.info(key))?.sizeBytes);
    expect(await Promise.all(sizes)).toEqual([7, 7, 7, 100]);
    expect(await world.engine.invalidatePrefix('')).toBe(4);
  });

  test('lets a body under way run on, and its chunks go when it ends', async () => {
    const world = createWorld({ maxChunkBytes: 16 * 1024 });
    await world.engine.mutate('k', overwrite(payload(300_000)));
    await placed(world, 'k');
    const outcome = await world.engine.read('k');
    await world.engine.invalidate('k');
    if (outcome.kind !== 'hit') throw new Error('no hit');
    expect(await outcome.body.bytes()).toEqual(Buffer.from(payload(300_000)));
    expect(world.fleet.chunks).toBe(0);
  });
});
