import { describe, expect, it } from 'vitest';
import { createWorld, failing, increment, overwrite, payload, valueOf } from './engine-world.test-data.ts';
import type { Mutation } from './objects.ts';

describe('concurrent writes of one key', () => {
  it('are exact and fold into few store requests', async () => {
    const world = createWorld();
    const counts = await Promise.all(Array.from({ length: 100 }, () => world.engine.mutate('n', increment)));
    expect([...counts].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    expect(Buffer.from((await valueOf(world, 'n')) ?? []).toString()).toBe('100');
    expect(world.requests.filter((request) => request.startsWith('put')).length).toBeLessThanOrEqual(10);
  });

  it('are exact when more wait than one batch takes', async () => {
    const world = createWorld();
    const counts = await Promise.all(Array.from({ length: 2500 }, () => world.engine.mutate('n', increment)));
    expect(new Set(counts).size).toBe(2500);
    expect(Math.max(...counts)).toBe(2500);
  });

  it('that others overtake are decided anew', async () => {
    const world = createWorld();
    await world.engine.mutate('n', increment);
    const etag = (await world.store.head('n'))?.etag ?? '';
    await world.store.put('n', Buffer.from('41'), {}, { kind: 'match', etag });
    expect(await world.engine.mutate('n', increment)).toBe(42);
  });

  it('go on when others replace the object between its lookup and the reading of its value', async () => {
    const world = createWorld({ capacityBytes: 0 });
    await world.engine.mutate('n', increment);
    const etag = (await world.store.head('n'))?.etag ?? '';
    await world.store.put('n', Buffer.from('41'), {}, { kind: 'match', etag });
    expect(await world.engine.mutate('n', increment)).toBe(42);
  });

  it('keep what was decided before a change when the change fails', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(5)));
    world.hooks.before = (request) => (request === 'put' ? failing('unavailable')() : undefined);
    const look: Mutation<string> = { needs: 'info', decide: (current) => ({ kind: 'keep', result: typeof current }) };
    const blocker = world.engine.mutate('k', look);
    const results = await Promise.allSettled([
      blocker,
      world.engine.mutate('k', look),
      world.engine.mutate('k', increment),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(5)));
  });
});

describe('a write whose result is unknown', () => {
  it('that landed is read back, and never taken back', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(5)));
    world.hooks.after = (request) => (request === 'put' ? failing('indeterminate')() : undefined);
    await expect(world.engine.mutate('k', overwrite(payload(6)))).rejects.toMatchObject({ code: 'indeterminate' });
    delete world.hooks.after;
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(6)));
    await world.engine.mutate('k', overwrite(payload(7)));
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(7)));
  });

  it('of a key that was believed missing does not leave it missing', async () => {
    const world = createWorld();
    expect(await valueOf(world, 'k')).toBeUndefined();
    world.hooks.after = (request) => (request === 'put' ? failing('indeterminate')() : undefined);
    await expect(world.engine.mutate('k', overwrite(payload(6)))).rejects.toMatchObject({ code: 'indeterminate' });
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(6)));
  });
});

describe('a lookup that a write overtook', () => {
  it('is not believed', async () => {
    const world = createWorld();
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    world.hooks.after = (request) => (request === 'get' ? held : undefined);
    const early = world.engine.read('k');
    await world.engine.mutate('k', overwrite(payload(5)));
    letGo();
    expect((await early).kind).toBe('miss');
    delete world.hooks.after;
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(5)));
  });
});
