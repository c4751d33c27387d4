/** What has expired stays so, and what expires does so, also when a write that was given up takes effect later. */
import { expect, it } from 'vitest';
import {
  createJournaledWorld,
  createWorld,
  failing,
  increment,
  overwrite,
  pass,
  payload,
  valueOf,
  type World,
} from './engine-world.test-data.ts';
import type { Mutation } from './objects.ts';
import { createMemoryFiles } from './trial/life.test-data.ts';

const persist: Mutation<boolean> = { needs: 'info', decide: () => ({ kind: 'expire', result: true }) };

/** Takes the expiry away, which takes effect when what is returned is called: `k` is not known to have changed before. */
async function persistLate(world: World): Promise<() => Promise<void>> {
  const before = await world.store.head('k');
  world.hooks.before = (request) => (request === 'metadata' ? failing('indeterminate')() : undefined);
  await expect(world.engine.mutate('k', persist)).rejects.toMatchObject({ code: 'indeterminate' });
  delete world.hooks.before;
  const { expiresAtMs: _, ...metadata } = before?.metadata ?? {};
  return async () => void (await world.store.replaceMetadata('k', before?.etag ?? '', metadata));
}

/** Another proxy takes over, and it is as late as in the world before. */
function takeOver(world: World): World {
  const next = createWorld({ after: world });
  next.clock.advance(world.clock.wallMs() - next.clock.wallMs());
  return next;
}

it.each([
  ['the proxy that did it', (world: World) => world],
  ['one that has forgotten it', forgetful],
  ['the next one', takeOver],
] as const)('a key that %s has seen to be gone is not there again', async (_, successor) => {
  for (const isRead of [true, false]) {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(100), world.clock.wallMs() + 5000));
    const land = await persistLate(world);
    world.clock.advance(6000);
    const present = await successor(world);
    expect(isRead ? await valueOf(present, 'k') : await present.engine.info('k')).toBeUndefined();
    await land();
    await present.engine.invalidate('k');
    expect(await valueOf(present, 'k')).toBeUndefined();
  }
});

async function forgetful(world: World): Promise<World> {
  await world.engine.invalidate('k');
  return world;
}

it('that an expired key is gone needs the store only while a write may still land', async () => {
  const world = createWorld();
  await world.engine.mutate('k', overwrite(payload(100), world.clock.wallMs() + 5000));
  world.hooks.before = (request) => (request === 'delete' ? failing('unavailable')() : undefined);
  await world.engine.invalidate('k');
  world.clock.advance(6000);
  await expect(valueOf(world, 'k')).rejects.toMatchObject({ code: 'unavailable' });
  world.clock.advance(60_000);
  expect(await valueOf(world, 'k')).toBeUndefined();
});

it.each(['read', 'info'] as const)(
  'what lands late is there for the %s after, when all could have landed',
  async (next) => {
    const world = createWorld();
    const expiresAtMs = world.clock.wallMs() + 90_000;
    await world.engine.mutate('k', overwrite(payload(100), expiresAtMs));
    const land = await persistLate(world);
    expect(await world.engine.info('k')).toMatchObject({ expiresAtMs });
    await land();
    world.clock.advance(100_000);
    const found = next === 'read' ? (await valueOf(world, 'k'))?.length : (await world.engine.info('k'))?.sizeBytes;
    expect(found).toBe(100);
  },
);

it('an expiry is journaled when no write can land after it, and else waits for the store', async () => {
  const world = await createJournaledWorld({ files: createMemoryFiles() });
  await world.engine.mutate('k', overwrite(Buffer.from('7')));
  world.hooks.before = (request) => (request === 'put' ? failing('indeterminate')() : undefined);
  await expect(world.engine.mutate('k', increment)).rejects.toMatchObject({ code: 'indeterminate' });
  world.hooks.before = (request) => (request === 'metadata' ? failing('unavailable')() : undefined);
  const expiresAtMs = world.clock.wallMs() + 3_600_000;
  const expire: Mutation<boolean> = { needs: 'info', decide: () => ({ kind: 'expire', expiresAtMs, result: true }) };
  const journal = { durability: 'journal' } as const;
  await expect(world.engine.mutate('k', expire, journal)).rejects.toMatchObject({ code: 'unavailable' });
  await pass(world, 60_000);
  expect(await world.engine.mutate('k', expire, journal)).toBe(true);
  expect(world.journaled.depth.names).toBe(1);
});
