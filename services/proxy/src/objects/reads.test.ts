import { describe, expect, it } from 'vitest';
import { until } from '../../../../tests/doubles/turns.ts';
import { createWorld, failing, overwrite, payload, placed, valueOf } from './engine-world.test-data.ts';

const mib = 1024 * 1024;

describe('a get', () => {
  it('decodes when p nodes are lost, and puts the lost chunks back', async () => {
    const world = createWorld();
    const bytes = payload(200_000);
    await world.engine.mutate('k', overwrite(bytes));
    await placed(world, 'k');
    for (const name of world.engine.places('k')?.fragments[0]?.slice(0, 2) ?? []) {
      world.fleet.loseSilently(Number(name?.slice('node-'.length)));
    }
    world.hooks.before = failing('unavailable');
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(bytes));
    expect(world.metrics.snapshot().gets).toMatchObject({ decoded: 1, store: 0 });
  });

  it('repairs what an announced loss took', async () => {
    const world = createWorld();
    const bytes = payload(200_000);
    await world.engine.mutate('k', overwrite(bytes));
    await placed(world, 'k');
    world.fleet.lose(Number(world.engine.places('k')?.fragments[0]?.[1]?.slice('node-'.length)));
    expect(world.engine.places('k')?.complete).toBe(false);
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(bytes));
    await placed(world, 'k');
    expect(world.metrics.snapshot()).toMatchObject({ repairedChunks: 1, recoveries: 1, lostChunks: 1 });
  });

  it('reads what memory lost from the store, by range', async () => {
    const world = createWorld();
    const bytes = payload(200_000);
    await world.engine.mutate('k', overwrite(bytes));
    await placed(world, 'k');
    for (let node = 0; node < 12; node++) world.fleet.loseSilently(node);
    world.requests.length = 0;
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(bytes));
    expect(world.requests).toEqual(['get k']);
    expect(world.metrics.snapshot().gets).toMatchObject({ store: 1 });
  });

  it('puts an object that was lost wholly into memory again', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(200_000)));
    await placed(world, 'k');
    for (let node = 0; node < 12; node++) world.fleet.lose(node);
    world.requests.length = 0;
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(200_000)));
    expect(world.requests).toEqual(['get k']);
    await placed(world, 'k');
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(200_000)));
    expect(world.metrics.snapshot().gets).toMatchObject({ store: 1, memory: 1 });
  });

  it('of a cold object costs one request, and the next is served from memory', async () => {
    const world = createWorld();
    await world.store.put('k', payload(300_000), {}, { kind: 'absent' });
    world.requests.length = 0;
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(300_000)));
    expect(world.requests).toEqual(['get k']);
    await placed(world, 'k');
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(300_000)));
    expect(world.metrics.snapshot().gets).toMatchObject({ store: 1, memory: 1 });
  });

  it('of a missing key asks the store once, until a put', async () => {
    const world = createWorld();
    expect(await valueOf(world, 'k')).toBeUndefined();
    expect(await valueOf(world, 'k')).toBeUndefined();
    expect(world.requests).toEqual(['get k']);
    await world.engine.mutate('k', overwrite(payload(5)));
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(5)));
  });

  it('of a range reads only the chunks that it touches', async () => {
    const world = createWorld();
    const bytes = payload(mib);
    await world.engine.mutate('k', overwrite(bytes));
    await placed(world, 'k');
    const outcome = await world.engine.read('k', { range: { start: 70_000, end: 70_010 } });
    if (outcome.kind !== 'hit') throw new Error(outcome.kind);
    expect(Buffer.from(await outcome.body.bytes())).toEqual(Buffer.from(bytes.subarray(70_000, 70_010)));
    expect(world.fleet.fetches).toBe(1);
    const suffix = await world.engine.read('k', { range: { suffix: 3 } });
    expect(suffix.kind === 'hit' ? Buffer.from(await suffix.body.bytes()) : undefined).toEqual(
      Buffer.from(bytes.subarray(-3)),
    );
    expect((await world.engine.read('k', { range: { start: mib } })).kind).toBe('outside');
  });

  it('does without a node that lags behind all others', async () => {
    const world = createWorld();
    const bytes = payload(mib);
    await world.engine.mutate('k', overwrite(bytes));
    await placed(world, 'k');
    let isStalled = false;
    world.fleet.gate = (request) => {
      if (request !== 'fetch' || isStalled) return undefined;
      isStalled = true;
      return new Promise(() => {});
    };
    const reading = valueOf(world, 'k');
    // The sweep's timer, the windows', the hedge's, and that of who lags.
    await until(() => world.clock.pendingTimers() === 4);
    world.clock.advance(5);
    expect(await reading).toEqual(Buffer.from(bytes));
    expect(world.metrics.snapshot().gets.decoded).toBe(1);
  });

  it('finishes from memory while the object is overwritten', async () => {
    const world = createWorld();
    const bytes = payload(mib);
    await world.engine.mutate('k', overwrite(bytes));
    await placed(world, 'k');
    const outcome = await world.engine.read('k');
    await world.engine.mutate('k', overwrite(payload(100, 9)));
    expect(outcome.kind === 'hit' ? Buffer.from(await outcome.body.bytes()) : undefined).toEqual(Buffer.from(bytes));
    await placed(world, 'k');
    expect(world.fleet.chunks).toBe(2);
  });

  it('is cut, not continued with other bytes, when the version has gone from memory and store', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(mib)));
    await placed(world, 'k');
    const outcome = await world.engine.read('k');
    if (outcome.kind !== 'hit') throw new Error(outcome.kind);
    await world.engine.mutate('k', overwrite(payload(mib, 2)));
    for (let node = 0; node < 12; node++) world.fleet.lose(node);
    await expect(outcome.body.bytes()).rejects.toThrow('replaced while it was being read');
  });

  it('starts over when others replaced the object before its first byte', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(200_000)));
    await placed(world, 'k');
    for (let node = 0; node < 12; node++) world.fleet.lose(node);
    const etag = (await world.store.head('k'))?.etag ?? '';
    await world.store.put('k', payload(100, 3), {}, { kind: 'match', etag });
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(100, 3)));
  });

  it('never gives bytes that fail their checksum', async () => {
    const world = createWorld();
    await world.store.put('k', payload(1000), { version: '1.1', crc32: 12_345 }, { kind: 'absent' });
    await expect(valueOf(world, 'k')).rejects.toMatchObject({ code: 'corrupt' });
  });
});
