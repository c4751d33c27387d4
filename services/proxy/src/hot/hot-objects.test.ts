/** What the hot tier serves, and that it never serves anything but the key's present version. */
import { describe, expect, it } from 'vitest';
import {
  createWorld,
  increment,
  overwrite,
  pass,
  payload,
  placed,
  remove,
  valueOf,
  type World,
} from '../objects/engine-world.test-data.ts';

const small = payload(1000);
const other = payload(1000, 2);

function createHotWorld(hotBytes = 64 * 1024): World {
  return createWorld({ hotBytes });
}

async function sourceOf(world: World, key: string): Promise<string> {
  const outcome = await world.engine.read(key);
  if (outcome.kind !== 'hit') return outcome.kind;
  await outcome.body.bytes();
  return outcome.body.trace.source;
}

describe('the hot tier', () => {
  it('serves what was just written, without functions and the store', async () => {
    const world = createHotWorld();
    const given = Buffer.from(small);
    await world.engine.mutate('k', overwrite(given));
    given.fill(0);
    world.requests.length = 0;
    world.fleet.loseSilently(0);
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(small));
    expect(await sourceOf(world, 'k')).toBe('hot');
    expect([world.requests, world.metrics.snapshot().gets.hot, world.metrics.snapshot().chunkRequests]).toEqual([
      [],
      2,
      0,
    ]);
    expect(world.engine.hot?.status).toMatchObject({ objects: 1, maxBytes: 64 * 1024 });
  });

  it('takes in what a read has found in memory or in the store, and parts of it are read from there', async () => {
    const world = createHotWorld();
    await world.store.put('k', small, {}, { kind: 'absent' });
    expect([await sourceOf(world, 'k'), await sourceOf(world, 'k')]).toEqual(['store', 'hot']);
    const part = await world.engine.read('k', { range: { start: 10, end: 20 } });
    expect(part.kind === 'hit' ? Buffer.from(await part.body.bytes()) : undefined).toEqual(
      Buffer.from(small.subarray(10, 20)),
    );
    await placed(world, 'k');
    await world.engine.warm('k');
    expect(world.metrics.snapshot().gets).toMatchObject({ hot: 2, memory: 0, store: 1 });
  });

  it('has no version but the present one', async () => {
    const world = createHotWorld();
    await world.engine.mutate('k', overwrite(small));
    await world.engine.mutate('k', overwrite(other));
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(other));
    await world.engine.mutate('k', remove);
    expect(await valueOf(world, 'k')).toBeUndefined();
    expect(world.engine.hot?.status).toMatchObject({ objects: 0, bytes: 0 });
    await Promise.all(Array.from({ length: 20 }, () => world.engine.mutate('count', increment)));
    expect((await valueOf(world, 'count'))?.toString()).toBe('20');
  });

  it('looks in the store again for what others may have changed', async () => {
    const world = createHotWorld();
    await world.engine.mutate('k', overwrite(small));
    const etag = (await world.store.head('k'))?.etag ?? '';
    await world.store.put('k', other, {}, { kind: 'match', etag });
    await world.engine.invalidate('k');
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(other));
  });

  it('outlasts a change of the expiry, and ends with the object', async () => {
    const world = createHotWorld();
    await world.engine.mutate('k', overwrite(small));
    const expiresAtMs = world.clock.wallMs() + 5000;
    await world.engine.mutate('k', { needs: 'info', decide: () => ({ kind: 'expire', expiresAtMs, result: true }) });
    expect(await sourceOf(world, 'k')).toBe('hot');
    await pass(world, 6000);
    expect(await valueOf(world, 'k')).toBeUndefined();
  });

  it('leaves out what is large, and what is not to be placed', async () => {
    const world = createHotWorld();
    await world.engine.mutate('large', overwrite(payload(5000)));
    await world.engine.mutate('unplaced', overwrite(small), { place: false });
    expect(world.engine.hot?.status.objects).toBe(0);
  });

  it('keeps what memory alone has young there, however it is read', async () => {
    const world = createHotWorld();
    await world.engine.mutate('alone', overwrite(small), { durability: 'memory' });
    const touched = () => world.engine.knowledge.peek('alone')?.placed?.touchedMs;
    world.clock.advance(5000);
    expect(await sourceOf(world, 'alone')).toBe('hot');
    expect(touched()).toBe(world.clock.monotonicMs());
    world.clock.advance(5000);
    expect(world.engine.readHot('alone')).toEqual(Buffer.from(small));
    expect(touched()).toBe(world.clock.monotonicMs());
  });

  it('tells at once what a read would find there, and nothing else', async () => {
    const world = createHotWorld();
    await world.engine.mutate('k', overwrite(small, world.clock.wallMs() + 5000));
    expect([world.engine.readHot('k'), world.engine.readHot('none')]).toEqual([Buffer.from(small), undefined]);
    world.lease.held = false;
    expect(world.engine.readHot('k')).toBeUndefined();
    world.lease.held = true;
    world.engine.knowledge.doubt('k');
    expect(world.engine.readHot('k')).toBeUndefined();
    expect(await sourceOf(world, 'k')).toBe('hot');
    expect(world.engine.readHot('k')).toEqual(Buffer.from(small));
    world.clock.advance(5000);
    expect(world.engine.readHot('k')).toBeUndefined();
  });

  it('stays within its bytes, and keeps what is asked for again', async () => {
    const world = createHotWorld(32 * 1024);
    for (let round = 0; round < 3; round++) {
      await world.engine.mutate(`often`, overwrite(small));
      await valueOf(world, 'often');
    }
    for (let key = 0; key < 100; key++) await world.engine.mutate(`k${key}`, overwrite(small));
    const { bytes = 0, maxBytes = 0, objects = 0 } = world.engine.hot?.status ?? {};
    expect(bytes).toBeLessThanOrEqual(maxBytes);
    expect(objects).toBeGreaterThan(10);
    expect(await sourceOf(world, 'often')).toBe('hot');
    expect(await sourceOf(world, 'k0')).not.toBe('hot');
    expect(await sourceOf(world, 'k0')).toBe('hot');
  });
});
