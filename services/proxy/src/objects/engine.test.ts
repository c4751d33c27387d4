import { describe, expect, it } from 'vitest';
import { createWorld, increment, overwrite, pass, payload, placed, valueOf } from './engine-world.test-data.ts';
import type { Mutation } from './objects.ts';

const look: Mutation<string> = { needs: 'info', decide: (current) => ({ kind: 'keep', result: typeof current }) };

describe('without the lease', () => {
  it('nothing is answered and nothing written', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(5)));
    world.lease.held = false;
    world.requests.length = 0;
    await expect(world.engine.read('k')).rejects.toMatchObject({ code: 'closed' });
    await expect(world.engine.info('k')).rejects.toMatchObject({ code: 'closed' });
    await expect(world.engine.mutate('k', overwrite(payload(6)))).rejects.toMatchObject({ code: 'closed' });
    expect(world.requests).toEqual([]);
  });

  it('a write that landed too late is not acknowledged', async () => {
    const world = createWorld();
    world.hooks.after = (request) => {
      if (request === 'put') world.lease.held = false;
    };
    await expect(world.engine.mutate('k', overwrite(payload(6)))).rejects.toMatchObject({ code: 'indeterminate' });
  });
});

describe('a lease that lapses', () => {
  it('while the key is looked up sends no write', async () => {
    const world = createWorld();
    world.hooks.after = (request) => {
      if (request === 'head') world.lease.held = false;
    };
    await expect(world.engine.mutate('k', overwrite(payload(6)))).rejects.toMatchObject({ code: 'closed' });
    expect(world.requests).toEqual(['head k']);
  });

  it('during a write lets nothing be answered that was decided together with it', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(5)));
    world.hooks.after = (request) => {
      if (request === 'put') world.lease.held = false;
    };
    // They wait behind the first write's end, and so go together.
    const results = await Promise.allSettled([world.engine.mutate('k', look), world.engine.mutate('k', increment)]);
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected']);
  });
});

describe('expiry', () => {
  it('hides the key, and the key leaves the store', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(5), world.clock.wallMs() + 1000));
    expect((await world.engine.info('k'))?.expiresAtMs).toBe(world.clock.wallMs() + 1000);
    world.clock.advance(1000);
    expect(await valueOf(world, 'k')).toBeUndefined();
    await world.engine.drain();
    expect(await world.store.head('k')).toBeUndefined();
  });

  it('removes keys that nobody asks for', async () => {
    const world = createWorld();
    await world.engine.mutate('known', overwrite(payload(5), world.clock.wallMs() + 1000));
    await world.store.put('unknown', payload(1), { expiresAtMs: world.clock.wallMs() + 1000 }, { kind: 'absent' });
    await pass(world, 63_000);
    await world.engine.drain();
    expect(await world.store.head('known')).toBeUndefined();
    expect(await world.store.head('unknown')).toBeUndefined();
  });

  it('changes keep the bytes in memory', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(200_000)));
    await placed(world, 'k');
    const expiresAtMs = world.clock.wallMs() + 5000;
    await world.engine.mutate('k', { needs: 'info', decide: () => ({ kind: 'expire', expiresAtMs, result: 1 }) });
    expect((await world.engine.info('k'))?.expiresAtMs).toBe(expiresAtMs);
    expect((await world.store.head('k'))?.metadata.expiresAtMs).toBe(expiresAtMs);
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(200_000)));
    expect(world.metrics.snapshot().gets.memory).toBe(1);
  });
});
