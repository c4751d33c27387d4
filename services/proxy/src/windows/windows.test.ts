import { describe, expect, it } from 'vitest';
import { until } from '../../../../tests/doubles/turns.ts';
import {
  createWorld,
  overwrite,
  pass,
  payload,
  placed,
  valueOf,
  type World,
} from '../objects/engine-world.test-data.ts';

const kib = 1024;
const windows = { intervalMs: 10_000, activeWindows: 1, degradedWindows: 3 };
const horizonMs = 40_000;

/** Two groups of twelve nodes, each with room for two chunks of 16 KiB: four objects of 4+2 fill a group. */
function createSmallWorld(): World {
  return createWorld({ stripes: '*=4+2', nodes: 24, capacityBytes: 2 * (16 * kib + kib), windows });
}

const bytesOf = (key: string) => payload(64 * kib, Number(key.slice(1)));

async function put(world: World, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    await world.engine.mutate(key, overwrite(bytesOf(key)));
    await placed(world, key);
  }
}

/** Numbers of the nodes that hold the object's chunks. */
function nodesOf(world: World, key: string): readonly number[] {
  const names = world.engine.places(key)?.fragments.flat() ?? [];
  return names.map((name) => Number(name?.replace('node-', '') ?? Number.NaN));
}

const inGroup = (group: number) => (node: number) => Math.floor(node / 12) === group;
const gets = (world: World) => world.requests.filter((request) => request.startsWith('get k')).length;

describe('windows', () => {
  it('evict what nobody has touched for the horizon, keep what was, and give the nodes back', async () => {
    const world = createSmallWorld();
    await put(world, 'k1', 'k2');
    await pass(world, horizonMs - 1000);
    expect(await valueOf(world, 'k2')).toEqual(Buffer.from(bytesOf('k2')));
    await pass(world, 11_000);
    expect(world.engine.places('k1')).toBeUndefined();
    expect(world.engine.places('k2')?.complete).toBe(true);
    await pass(world, horizonMs + 10_000);
    expect(world.engine.places('k2')).toBeUndefined();
    expect([world.placement.windows(), world.metrics.snapshot().releasedNodes]).toEqual([[], 12]);
    expect(await valueOf(world, 'k1')).toEqual(Buffer.from(bytesOf('k1')));
  });

  it('move what is read in an old one to the newest, without a request to the store', async () => {
    const world = createSmallWorld();
    await put(world, 'k1', 'k2', 'k3', 'k4');
    expect(nodesOf(world, 'k1').every(inGroup(0))).toBe(true);
    await pass(world, 10_000);
    expect(world.placement.stateOf(0)).toBe('degraded');
    const before = gets(world);
    expect(await valueOf(world, 'k1')).toEqual(Buffer.from(bytesOf('k1')));
    await until(() => nodesOf(world, 'k1').every(inGroup(1)));
    expect(world.engine.places('k1')?.complete).toBe(true);
    await until(() => world.fleet.chunks === 24);
    expect(await valueOf(world, 'k1')).toEqual(Buffer.from(bytesOf('k1')));
    expect(gets(world)).toBe(before);
    expect(world.metrics.snapshot()).toMatchObject({ migratedChunks: 6, migratedBytes: 6 * 16 * kib });
  });

  it('let the new nodes pull what a partial read has touched, and hand parity on', async () => {
    const world = createSmallWorld();
    world.fleet.source = world.store;
    await put(world, 'k1', 'k2', 'k3', 'k4');
    await pass(world, 10_000);
    const outcome = await world.engine.read('k2', { range: { start: 0, end: 10 } });
    expect(outcome.kind === 'hit' ? Buffer.from(await outcome.body.bytes()) : undefined).toEqual(
      Buffer.from(bytesOf('k2').subarray(0, 10)),
    );
    await until(() => nodesOf(world, 'k2').every(inGroup(1)));
    expect([world.fleet.loads, world.metrics.snapshot().migratedChunks]).toEqual([4, 6]);
    expect(await valueOf(world, 'k2')).toEqual(Buffer.from(bytesOf('k2')));
  });

  it('carry on what was touched after its window when that degrades, and nothing else', async () => {
    const world = createWorld({
      ...{ stripes: '*=4+2', nodes: 24, capacityBytes: 2 * (16 * kib + kib) },
      windows: { ...windows, activeWindows: 2 },
    });
    world.fleet.source = world.store;
    await put(world, 'k1', 'k2', 'k3', 'k4');
    await pass(world, 12_000);
    await valueOf(world, 'k3');
    expect(nodesOf(world, 'k3').every(inGroup(0))).toBe(true);
    await pass(world, 10_000);
    await until(() => nodesOf(world, 'k3').every(inGroup(1)));
    for (const key of ['k1', 'k2', 'k4']) expect(nodesOf(world, key).every(inGroup(0))).toBe(true);
  });

  it('forget what is in memory alone, since its time is over', async () => {
    const world = createSmallWorld();
    await world.engine.mutate('k1', overwrite(bytesOf('k1')), { durability: 'memory' });
    await placed(world, 'k1');
    await pass(world, horizonMs + 10_000);
    expect(await valueOf(world, 'k1')).toBeUndefined();
  });

  it('give the oldest group up at the fleet’s end, and find room for what is new', async () => {
    const world = createSmallWorld();
    await put(world, 'k1', 'k2', 'k3', 'k4');
    await pass(world, 10_000);
    await put(world, 'k5', 'k6', 'k7', 'k8', 'k9');
    expect(nodesOf(world, 'k9').every(inGroup(0))).toBe(true);
    expect(world.engine.places('k1')).toBeUndefined();
    for (const key of ['k1', 'k5', 'k9']) expect(await valueOf(world, key)).toEqual(Buffer.from(bytesOf(key)));
  });

  it('go on turning when a turn has failed', async () => {
    const world = createSmallWorld();
    await put(world, 'k1');
    let failures = 0;
    const { release } = world.fleet;
    world.fleet.release = () => {
      failures++;
      if (failures === 1) throw new Error('not now');
      release();
    };
    await pass(world, horizonMs + 12_000);
    expect(failures).toBe(13);
    expect(world.placement.windows()).toEqual([]);
  });
});
