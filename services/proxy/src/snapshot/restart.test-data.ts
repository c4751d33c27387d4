/** A proxy that ends and the next one that begins with its snapshot, for the tests of the latter. */
import { type Files, silentLog } from '@sion/components';
import { nextTurn } from '../../../../tests/doubles/turns.ts';
import { createWorld, overwrite, placed, type World, type WorldOptions } from '../objects/engine-world.test-data.ts';
import { loadSnapshot, type SnapshotLoader } from './snapshot-loader.ts';
import type { SnapshotParts } from './snapshot-parts.ts';
import { writeSnapshot } from './write-snapshot.ts';

export interface Restarted {
  readonly world: World;
  readonly loader: SnapshotLoader;
}

export function snapshotPartsOf(world: World, files: Files, sliceBytes = 1): SnapshotParts {
  const { clock, engine, fleet, placement, epoch } = world;
  return { clock, log: silentLog, files, engine, fleet, placement, epoch, sliceBytes };
}

/** Gives the world's timers that are due their turn until the promise settles; time stands still. */
export async function drive<T>(world: World, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const watched = promise.finally(() => {
    isOver = true;
  });
  watched.catch(() => {});
  while (!isOver) {
    await nextTurn();
    world.clock.advance(0);
  }
  return await watched;
}

export async function put(world: World, key: string, text: string): Promise<void> {
  await world.engine.mutate(key, overwrite(Buffer.from(text)));
  await placed(world, key);
}

/** Writes the world's snapshot, as after an orderly stop or in the midst of its life. */
export async function save(world: World, files: Files, stop: 'clean' | 'unclean'): Promise<void> {
  await drive(world, writeSnapshot(snapshotPartsOf(world, files), stop === 'clean'));
}

/** The next proxy, which serves and has not loaded anything yet: with time standing still it goes on only by {@link drive}. */
export async function restart(
  before: World,
  files: Files,
  { sliceBytes, ...options }: WorldOptions & { readonly sliceBytes?: number } = {},
): Promise<Restarted> {
  const world = createWorld({ ...options, after: before });
  const loader = await loadSnapshot(snapshotPartsOf(world, files, sliceBytes));
  return { world, loader };
}
