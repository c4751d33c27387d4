import { nameOfKey } from '@sion/core';
import { SionError } from '@sion/wire';
import { describe, expect, it } from 'vitest';
import {
  createWorld,
  failing,
  overwrite,
  payload,
  piecesOf,
  placed,
  putStream,
  remove,
  valueOf,
} from './engine-world.test-data.ts';

const mib = 1024 * 1024;

describe('a put', () => {
  it.each([0, 1, 1000, 16 * 1024, 16 * 1024 + 1, 64 * 1024 * 4, 64 * 1024 * 4 + 1, 3 * mib + 17])(
    'of %d bytes lies in the store as it is and is served from memory without the store',
    async (sizeBytes) => {
      const world = createWorld();
      const bytes = payload(sizeBytes);
      await putStream(world, 'k', { kind: 'stream', sizeBytes, pieces: piecesOf(bytes) });
      await placed(world, 'k');
      const stored = await world.store.get(nameOfKey('k'));
      expect(stored.kind).toBe('hit');
      world.hooks.before = failing('unavailable');
      expect(Buffer.compare((await valueOf(world, 'k')) ?? Buffer.from('miss'), bytes)).toBe(0);
      expect(world.metrics.snapshot().gets).toMatchObject({ memory: 1, store: 0, decoded: 0 });
    },
  );

  it('of unknown size is cut like one of known size', async () => {
    const world = createWorld();
    for (const sizeBytes of [0, 10, 16 * 1024, 16 * 1024 + 1, 2 * mib + 1]) {
      const bytes = payload(sizeBytes, sizeBytes + 1);
      await putStream(world, `k${sizeBytes}`, { kind: 'stream', pieces: piecesOf(bytes) });
      await placed(world, `k${sizeBytes}`);
      expect(Buffer.compare((await valueOf(world, `k${sizeBytes}`)) ?? Buffer.from('miss'), bytes)).toBe(0);
    }
    expect(world.metrics.snapshot().gets.memory).toBe(5);
  });

  it('costs one HEAD for an unknown key and none for a known one', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(10)));
    await world.engine.mutate('k', overwrite(payload(11)));
    expect(world.requests).toEqual(['head k', 'put k', 'put k']);
  });

  it('frees the chunks of the version before', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(100_000)));
    await placed(world, 'k');
    expect(world.fleet.chunks).toBe(6);
    await world.engine.mutate('k', overwrite(payload(10)));
    await placed(world, 'k');
    expect(world.fleet.chunks).toBe(2);
    await world.engine.mutate('k', remove);
    expect(world.fleet.chunks).toBe(0);
  });

  it('that is discarded leaves no trace', async () => {
    const world = createWorld();
    const staged = await world.engine.stage('k', { kind: 'stream', pieces: piecesOf(payload(mib)) });
    expect(world.store.openUploads).toBe(1);
    await staged.discard();
    await world.engine.drain();
    expect(world.store.openUploads).toBe(0);
    expect(world.fleet.chunks).toBe(0);
  });

  it('whose body breaks off leaves no trace', async () => {
    const world = createWorld();
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield payload(600_000);
      throw new SionError('invalid', 'the client went away');
    }
    await expect(world.engine.stage('k', { kind: 'stream', pieces: broken() })).rejects.toThrow('went away');
    const short = world.engine.stage('k', { kind: 'stream', sizeBytes: mib, pieces: piecesOf(payload(10)) });
    await expect(short).rejects.toThrow('ended after 10 of 1048576 bytes');
    await world.engine.drain();
    expect(world.store.openUploads).toBe(0);
    expect(world.fleet.chunks).toBe(0);
    expect(await world.store.head('k')).toBeUndefined();
  });

  it('is acknowledged though no node takes a chunk', async () => {
    const world = createWorld({ capacityBytes: 0 });
    await world.engine.mutate('k', overwrite(payload(1000)));
    await world.engine.drain();
    expect(world.metrics.snapshot().unplacedObjects).toBe(1);
  });

  it('evicts the coldest object when a node has room for its bytes but not for what a chunk costs beside them', async () => {
    const world = createWorld({ nodes: 12, capacityBytes: 1024 + 100 });
    for (let number = 0; number < 8; number++) {
      await world.engine.mutate(`k${number}`, overwrite(payload(10, number)));
      await placed(world, `k${number}`);
    }
    expect(world.fleet.chunks).toBe(12);
  });

  it('of unknown size holds its first bytes on the account of the memory for bodies', async () => {
    const world = createWorld();
    const { budget } = world.engine.memory.parts;
    const writer = world.engine.memory.beginWrite();
    await writer?.offer(payload(5000));
    await writer?.offer(payload(5000));
    expect(budget.usedBytes).toBe(10_000);
    writer?.abandon();
    expect(budget.usedBytes).toBe(0);
  });

  it('above the largest size for memory goes past it, of known size or not, and so do reads', async () => {
    const world = createWorld({ maxPlacedBytes: 100_000 });
    const bytes = payload(100_001);
    await putStream(world, 'known', { kind: 'stream', sizeBytes: bytes.length, pieces: piecesOf(bytes) });
    await putStream(world, 'unknown', { kind: 'stream', pieces: piecesOf(bytes) });
    await world.engine.mutate('small', overwrite(payload(100_000)));
    await placed(world, 'small');
    expect(world.metrics.snapshot()).toMatchObject({ bypassedObjects: 2, unplacedObjects: 0 });
    for (const key of ['known', 'unknown', 'known']) expect(await valueOf(world, key)).toEqual(Buffer.from(bytes));
    expect(await world.engine.warm('known')).toBe('refused');
    expect(await world.engine.warm('small')).toBe('held');
    await world.engine.drain();
    expect(world.engine.count()).toMatchObject({ inMemory: 1, complete: 1 });
    expect(world.engine.memory.parts.budget.usedBytes).toBe(0);
    expect(world.engine.memory.erasure.slabs.slabs).toBe(0);
    expect(world.fleet.chunks).toBe(6);
    expect(world.metrics.snapshot()).toMatchObject({ bypassedObjects: 6, gets: { store: 3 } });
  });

  it('evicts the coldest objects when the fleet is full', async () => {
    const world = createWorld({ nodes: 12, capacityBytes: 100_000 });
    for (let number = 0; number < 40; number++) {
      await world.engine.mutate(`k${number}`, overwrite(payload(100_000, number)));
    }
    await placed(world, 'k39');
    expect(await valueOf(world, 'k0')).toEqual(Buffer.from(payload(100_000, 0)));
    expect(world.metrics.snapshot().gets.store).toBe(1);
  });
});
