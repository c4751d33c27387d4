/** What a restart with 100,000 objects in memory costs, by the order of events and the count of requests. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createWorld, overwrite, valueOf, type World } from '../objects/engine-world.test-data.ts';
import { createMemoryFiles } from '../objects/trial/life.test-data.ts';
import { drive, restart, snapshotPartsOf } from './restart.test-data.ts';
import { defaultSliceBytes } from './snapshot-parts.ts';
import { writeSnapshot } from './write-snapshot.ts';

const count = 100_000;
/** One chunk each, since it is their number that matters. */
const options = { maxEntries: 2 * count, stripes: '*=1+0', sliceBytes: defaultSliceBytes };
const keyOf = (number: number) => `key-${number}`;
const keys = Array.from({ length: count }, (_, number) => keyOf(number));

/** Reads them, many at a time. */
async function read(world: World, wanted: readonly string[]): Promise<void> {
  for (let from = 0; from < wanted.length; from += 1000) {
    const some = wanted.slice(from, from + 1000);
    const values = await Promise.all(some.map((key) => valueOf(world, key)));
    expect(values.map(String)).toEqual(some);
  }
}

describe('a restarted proxy with 100,000 entries', { timeout: 240_000 }, () => {
  const files = createMemoryFiles();
  let before: World;

  beforeAll(async () => {
    before = createWorld(options);
    for (let from = 0; from < count; from += 1000) {
      await Promise.all(
        keys.slice(from, from + 1000).map((key) => before.engine.mutate(key, overwrite(Buffer.from(key)))),
      );
    }
    await before.engine.drain();
    await drive(before, writeSnapshot(snapshotPartsOf(before, files, defaultSliceBytes), true));
  }, 240_000);

  it('answers before it has loaded them, then asks the store for none of them after an orderly stop, and once each after a crash', async () => {
    expect(before.engine.count()).toMatchObject({ inMemory: count, complete: count });
    const { world, loader } = await restart(before, files, options);
    const events: string[] = [];
    void loader.loaded.then(() => events.push('loaded'));
    const first = valueOf(world, keyOf(count - 1)).then((value) => events.push(`answered ${value}`));
    await drive(world, first);
    expect(loader.progress.isLoading).toBe(true);
    await drive(world, loader.loaded);
    expect(events).toEqual([`answered ${keyOf(count - 1)}`, 'loaded']);
    expect(loader.progress).toEqual({ isLoading: false, loaded: count, total: count });
    expect(world.engine.count()).toMatchObject({ inMemory: count, complete: count });

    world.requests.length = 0;
    await read(world, keys);
    expect(world.requests).toEqual([]);

    // It dies: the snapshot that it began with is still there, but is the last word no more.
    const after = await restart(world, files, options);
    await drive(after.world, after.loader.loaded);
    after.world.requests.length = 0;
    await read(after.world, keys);
    expect(after.world.requests).toHaveLength(count);
    expect(new Set(after.world.requests)).toEqual(new Set(keys.map((key) => `head ${key}`)));
    after.world.requests.length = 0;
    await read(after.world, keys.slice(0, 2000));
    expect(after.world.requests).toEqual([]);
  });
});
