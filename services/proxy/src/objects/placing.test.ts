/** Which objects come into memory, by policy and by what a write asks. */
import { describe, expect, it } from 'vitest';
import { createWorld, overwrite, pass, payload, placed, valueOf, type World } from './engine-world.test-data.ts';

const bytes = payload(200_000);

/** Whether each of the next reads leaves the object in memory. */
async function placedAfterReads(world: World, reads: number): Promise<readonly boolean[]> {
  const after: boolean[] = [];
  for (let read = 0; read < reads; read++) {
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(bytes));
    await pass(world, 500);
    after.push(world.engine.places('k') !== undefined);
  }
  return after;
}

describe('an object comes into memory', () => {
  it.each([
    ['first', [true, true, true]],
    ['second', [false, true, true]],
    ['never', [false, false, false]],
  ] as const)('by its reads, policy %s', async (placeOnRead, expected) => {
    const world = createWorld({ placeOnPut: false, placeOnRead });
    await world.engine.mutate('k', overwrite(bytes));
    await pass(world, 500);
    expect(world.engine.places('k')).toBeUndefined();
    expect(await placedAfterReads(world, 3)).toEqual(expected);
  });

  it('by the second read of what others have put into the store, and counts anew after a write', async () => {
    const world = createWorld({ placeOnPut: false, placeOnRead: 'second' });
    await world.store.put('k', bytes, {}, { kind: 'absent' });
    expect(await placedAfterReads(world, 1)).toEqual([false]);
    await world.engine.mutate('k', overwrite(bytes));
    expect(await placedAfterReads(world, 2)).toEqual([false, true]);
  });

  it('by a write that asks for it, and not by one that asks not to be placed', async () => {
    const unwilling = createWorld({ placeOnPut: false });
    await unwilling.engine.mutate('k', overwrite(bytes), { place: true });
    await placed(unwilling, 'k');
    const willing = createWorld();
    await willing.engine.mutate('k', overwrite(bytes), { place: false });
    await pass(willing, 500);
    expect(willing.engine.places('k')).toBeUndefined();
    expect(await placedAfterReads(willing, 1)).toEqual([true]);
  });

  it('whatever the policy is, when it is to be in memory alone, or somebody warms it', async () => {
    const world = createWorld({ placeOnPut: false, placeOnRead: 'never' });
    await world.engine.mutate('alone', overwrite(bytes), { durability: 'memory' });
    expect(world.engine.places('alone')?.complete).toBe(true);
    await world.engine.mutate('k', overwrite(bytes));
    expect(await world.engine.warm('k')).toBe('placed');
  });
});
