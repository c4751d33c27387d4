import { SionError } from '@sion/wire';
import { describe, expect, test } from 'vitest';
import { until } from '../../../../tests/doubles/turns.ts';
import {
  createWorld,
  overwrite,
  payload,
  placed,
  remove,
  valueOf,
  type World,
  type WorldOptions,
} from '../objects/engine-world.test-data.ts';

const bytes = Buffer.from(payload(30_000));

/** A world with `k` in memory: 2+1 chunks of 15 000 bytes on nodes of the first group of 12, of 36 nodes. */
async function withObject(options: WorldOptions = {}, durability?: 'memory') {
  const world = createWorld({ nodes: 36, stripes: '*=2+1', elasticBytesPerNode: 100_000, ...options });
  await world.engine.mutate('k', overwrite(bytes), durability === undefined ? {} : { durability });
  await placed(world, 'k');
  world.requests.length = 0;
  return world;
}

function placedObject(world: World, key = 'k') {
  const object = world.engine.knowledge.peek(key)?.placed;
  if (object === undefined) throw new Error(`${key} is nowhere`);
  return object;
}

function homesOf(world: World): readonly number[] {
  return placedObject(world).fragments[0]?.nodes ?? [];
}

/** Nodes other than its own that hold one of the object's chunks. */
function copiesOf(world: World): readonly number[] {
  const homes = homesOf(world);
  const nodes = Array.from({ length: world.fleet.size }, (_, node) => node);
  return nodes.filter((node) => !homes.includes(node) && [...world.fleet.manifest(node)].length > 0);
}

function makeBusy(world: World, nodes: readonly number[]): void {
  for (const node of nodes) world.fleet.busy.add(node);
}

describe('chunks of nodes that have too much to do', () => {
  test('are pulled by other open nodes, read there, and read there again', async () => {
    const world = await withObject();
    makeBusy(world, homesOf(world));
    expect(await valueOf(world, 'k')).toEqual(bytes);
    expect(world.fleet.loads).toBe(2);
    expect(copiesOf(world)).toHaveLength(2);
    expect(await valueOf(world, 'k')).toEqual(bytes);
    expect(world.fleet.loads).toBe(2);
    expect(world.metrics.snapshot()).toMatchObject({
      ...{ chunkRequests: 4, demandCopies: 2, demandHits: 2, busyMisses: 0 },
      gets: { memory: 2 },
    });
    expect(world.engine.memory.copies.status).toEqual({ chunks: 2, bytes: 30_000 });
  });

  test('are read at home again once there has been less to do for a while', async () => {
    const world = await withObject();
    makeBusy(world, homesOf(world));
    await valueOf(world, 'k');
    world.fleet.busy.clear();
    await valueOf(world, 'k');
    expect(world.metrics.snapshot()).toMatchObject({ demandCopies: 2, demandHits: 2 });
    world.clock.advance(10_000);
    await valueOf(world, 'k');
    expect(world.metrics.snapshot()).toMatchObject({ demandCopies: 2, demandHits: 2 });
  });

  test('open another group when those that are open are busy, and keep to its column', async () => {
    const world = await withObject();
    makeBusy(
      world,
      Array.from({ length: 12 }, (_, node) => node),
    );
    await valueOf(world, 'k');
    expect(world.placement.windows().flatMap(({ groups }) => groups)).toHaveLength(2);
    expect(copiesOf(world)).toEqual(
      homesOf(world)
        .slice(0, 2)
        .map((node) => node + 12),
    );
  });

  test('are pulled once by all who want them at a time', async () => {
    const world = await withObject();
    makeBusy(world, homesOf(world));
    const values = await Promise.all([1, 2, 3].map(() => valueOf(world, 'k')));
    for (const value of values) expect(value).toEqual(bytes);
    expect(world.fleet.loads).toBe(2);
  });

  test('come from the store when nobody takes a copy, and are counted', async () => {
    const world = await withObject({ elasticBytesPerNode: 0 });
    makeBusy(world, homesOf(world));
    expect(await valueOf(world, 'k')).toEqual(bytes);
    expect(world.requests).toEqual(['get k']);
    expect(world.fleet.loads).toBe(0);
    expect(world.metrics.snapshot()).toMatchObject({ busyMisses: 2, demandCopies: 0, gets: { store: 1 } });
  });

  test('are decoded where parity has less to do', async () => {
    const world = await withObject({ elasticBytesPerNode: 0 });
    makeBusy(world, homesOf(world).slice(0, 1));
    expect(await valueOf(world, 'k')).toEqual(bytes);
    expect(world.metrics.snapshot()).toMatchObject({ busyMisses: 0, gets: { decoded: 1 } });
  });

  test('are waited for when the store is away', async () => {
    const world = await withObject({ elasticBytesPerNode: 0 });
    makeBusy(world, homesOf(world));
    world.hooks.before = () => {
      throw new SionError('unavailable', 'the store is away');
    };
    expect(await valueOf(world, 'k')).toEqual(bytes);
  });

  test('are waited for when memory alone has them', async () => {
    const world = await withObject({}, 'memory');
    makeBusy(world, homesOf(world));
    expect(await valueOf(world, 'k')).toEqual(bytes);
    expect(world.fleet.loads).toBe(0);
    expect(world.metrics.snapshot()).toMatchObject({ gets: { memory: 1 }, demandCopies: 0 });
  });
});

describe('copies', () => {
  async function withCopies(options: WorldOptions = {}) {
    const world = await withObject(options);
    makeBusy(world, homesOf(world));
    await valueOf(world, 'k');
    return world;
  }

  test('go with their object', async () => {
    const world = await withCopies();
    await world.engine.mutate('k', remove);
    expect(world.engine.memory.copies.status).toEqual({ chunks: 0, bytes: 0 });
    expect(world.fleet.chunks).toBe(0);
  });

  test('on their way go with it, too', async () => {
    const world = await withObject();
    makeBusy(world, homesOf(world));
    const held: (() => void)[] = [];
    world.fleet.gate = (request) => (request === 'load' ? new Promise<void>((go) => held.push(go)) : undefined);
    const read = valueOf(world, 'k');
    await until(() => held.length === 2);
    await world.engine.mutate('k', remove);
    for (const go of held) go();
    await read.catch(() => {});
    await world.engine.drain();
    expect(world.engine.memory.copies.status).toEqual({ chunks: 0, bytes: 0 });
    expect(world.fleet.chunks).toBe(0);
  });

  test('are not believed in once their node has lost them', async () => {
    const world = await withCopies();
    for (const node of copiesOf(world)) world.fleet.lose(node);
    expect(world.engine.memory.copies.status.chunks).toBe(0);
    expect(await valueOf(world, 'k')).toEqual(bytes);
    expect(world.metrics.snapshot().demandCopies).toBe(4);
  });

  test('that are found to be gone are looked for no more', async () => {
    const world = await withCopies();
    for (const node of copiesOf(world)) world.fleet.loseSilently(node);
    expect(await valueOf(world, 'k')).toEqual(bytes);
    expect(world.fleet.loads).toBe(4);
  });

  test('give way to each other, the one used longest ago first, when the space for them is used up', async () => {
    const world = await withObject({ elasticBytesPerNode: 20_000, nodes: 12 });
    makeBusy(
      world,
      Array.from({ length: 12 }, (_, node) => node).filter((node) => node !== 11),
    );
    const { copies } = world.engine.memory;
    const object = placedObject(world);
    const fragment = object.fragments[0];
    if (fragment === undefined) throw new Error('no fragment');
    const { signal } = new AbortController();
    for (const index of [0, 1]) {
      const home = fragment.nodes[index] ?? 0;
      const wanted = { object, fragment, id: object.chunkId(0, index), home, timeoutMs: 1000, signal };
      expect(await copies.fetch(wanted)).toMatchObject({ reply: { kind: 'ok' }, node: 11 });
    }
    expect([...world.fleet.manifest(11)].map(({ id }) => id.index)).toEqual([1]);
    expect(copies.status).toEqual({ chunks: 1, bytes: 15_000 });
  });

  test('give way to what is placed', async () => {
    const world = await withObject({ nodes: 12, capacityBytes: 40_000 });
    makeBusy(world, homesOf(world));
    await valueOf(world, 'k');
    const copied = copiesOf(world);
    expect(copied).toHaveLength(2);
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
      await world.engine.mutate(key, overwrite(payload(30_000)));
      await placed(world, key);
    }
    expect(world.engine.places('k')?.complete).toBe(true);
    expect(world.engine.memory.copies.status.chunks).toBe(0);
  });

  test('go when their node is cleared, and what has become its own meanwhile stays', async () => {
    const world = await withCopies();
    const [first = -1, second = -1] = copiesOf(world);
    const fragment = placedObject(world).fragments[0];
    const index = [...world.fleet.manifest(first)][0]?.id.index ?? -1;
    fragment?.beginMove(index);
    fragment?.endMove(index, first);
    for (const node of [first, second]) world.engine.memory.copies.clear(node);
    expect([...world.fleet.manifest(first)]).toHaveLength(1);
    expect([...world.fleet.manifest(second)]).toHaveLength(0);
    expect(world.engine.memory.copies.status.chunks).toBe(0);
  });
});
