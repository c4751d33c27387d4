import { type ProcessIdentity, silentLog, VirtualStore, type VirtualStoreHooks } from '@sion/components';
import { leaseName } from '@sion/core';
import { SionError } from '@sion/wire';
import { describe, expect, it, vi } from 'vitest';
import { createManualClock, type ManualClock } from '../../../../tests/doubles/manual-clock.ts';
import { nextTurn } from '../../../../tests/doubles/turns.ts';
import { LeaseKeeper } from './lease-keeper.ts';

type Hooks = { -readonly [Hook in keyof VirtualStoreHooks]: VirtualStoreHooks[Hook] };

function createWorld() {
  const clock = createManualClock();
  const hooks: Hooks = {};
  const store = new VirtualStore({
    wallMs: () => clock.wallMs(),
    hooks: {
      before: (request, name) => hooks.before?.(request, name),
      after: (request, name) => hooks.after?.(request, name),
    },
  });
  const dead = new Set<string>();
  const identityOf = (self: string): ProcessIdentity => ({
    self,
    liveness: (other) => (dead.has(other) ? 'dead' : 'unknown'),
  });
  const lost = vi.fn();
  const acquire = (self: string) =>
    LeaseKeeper.acquire({
      ...{ clock, store, log: silentLog, ttlMs: 9000, renewalMs: 2000, onLost: lost },
      identity: identityOf(self),
    });
  return { clock, hooks, store, dead, lost, acquire };
}

/** Lets time pass in small steps, with everything that becomes ready in between carried out. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += 100) {
    clock.advance(100);
    await nextTurn();
  }
}

describe('the lease keeper', () => {
  it('renews in time and stays the owner', async () => {
    const world = createWorld();
    const keeper = await world.acquire('a');
    await pass(world.clock, 60_000);
    expect(keeper.isHeld()).toBe(true);
    expect(keeper.epoch).toBe(1);
    await keeper.release();
    expect(keeper.isHeld()).toBe(false);
  });

  it('that is released during a renewal leaves no timer behind', async () => {
    const world = createWorld();
    const keeper = await world.acquire('a');
    let letGo = () => {};
    world.hooks.before = (request) =>
      request === 'put'
        ? new Promise<void>((resolve) => {
            letGo = resolve;
          })
        : undefined;
    world.clock.advance(2000);
    delete world.hooks.before;
    const releasing = keeper.release();
    letGo();
    await releasing;
    expect(world.clock.pendingTimers()).toBe(0);
  });

  it('refuses a second proxy while the first one lives', async () => {
    const world = createWorld();
    const first = await world.acquire('a');
    const second = world.acquire('b').catch((error: unknown) => error);
    await pass(world.clock, 10_000);
    expect(await second).toMatchObject({
      code: 'closed',
      message: expect.stringContaining('owned by another proxy (a,'),
    });
    expect(first.isHeld()).toBe(true);
    await first.release();
  });

  it('hands over at once after a release, or when the owner is dead', async () => {
    const world = createWorld();
    const first = await world.acquire('a');
    await first.release();
    const second = await world.acquire('b');
    expect(second.epoch).toBe(2);
    expect(second.predecessorReleased).toBe(true);
    world.dead.add('b');
    const third = await world.acquire('c');
    expect(third.epoch).toBe(3);
    expect(third.predecessorReleased).toBe(false);
    await third.release();
    await second.release();
  });

  it('lapses while the store is away, and goes on when nobody took it', async () => {
    const world = createWorld();
    const keeper = await world.acquire('a');
    world.hooks.before = () => {
      throw new SionError('unavailable', 'the store is away');
    };
    await pass(world.clock, 7000);
    expect(keeper.isHeld()).toBe(true);
    await pass(world.clock, 2000);
    expect(keeper.isHeld()).toBe(false);
    expect(() => keeper.assertHeld()).toThrow('cannot prove its lease');
    delete world.hooks.before;
    await pass(world.clock, 3000);
    expect(keeper.isHeld()).toBe(true);
    expect(world.lost).not.toHaveBeenCalled();
    await keeper.release();
  });

  it('takes a renewal whose reply was lost for its own', async () => {
    const world = createWorld();
    const keeper = await world.acquire('a');
    world.hooks.after = (request) => {
      delete world.hooks.after;
      if (request === 'put') throw new SionError('indeterminate', 'the reply was lost');
    };
    await pass(world.clock, 20_000);
    expect(keeper.isHeld()).toBe(true);
    expect(world.lost).not.toHaveBeenCalled();
    await keeper.release();
  });

  it('is fenced when another took over while it was paused', async () => {
    const world = createWorld();
    const paused = await world.acquire('a');
    world.hooks.before = async (request) => {
      if (request === 'put') throw new SionError('unavailable', 'paused');
    };
    await pass(world.clock, 9000);
    delete world.hooks.before;
    world.dead.add('a');
    const next = await world.acquire('b');
    expect(paused.isHeld()).toBe(false);
    await pass(world.clock, 3000);
    expect(world.lost).toHaveBeenCalledOnce();
    expect(next.isHeld()).toBe(true);
    expect(next.epoch).toBe(2);
    await next.release();
  });

  it('never judges expiry by an earlier clock than before, across owners', async () => {
    const world = createWorld();
    const first = await world.acquire('a');
    const floorMs = first.expiryNowMs();
    await first.release();
    const record = await world.store.get(leaseName);
    expect(record.kind).toBe('hit');
    vi.spyOn(world.clock, 'wallMs').mockReturnValue(floorMs - 3_600_000);
    const second = await world.acquire('b');
    expect(second.expiryNowMs()).toBeGreaterThanOrEqual(floorMs);
    await second.release();
  });
});
