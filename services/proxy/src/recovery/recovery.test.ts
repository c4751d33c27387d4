import { silentLog } from '@sion/components';
import { createPlacement, type WindowState } from '@sion/core';
import { SionError } from '@sion/wire';
import { describe, expect, it, vi } from 'vitest';
import { nextTurn, until } from '../../../../tests/doubles/turns.ts';
import {
  createWorld,
  overwrite,
  payload,
  placed,
  remove,
  valueOf,
  type World,
} from '../objects/engine-world.test-data.ts';
import { Recovery } from './recovery.ts';

const settings = { spread: 20, perNode: 4, concurrency: 80 };

/** A world with the object `k` in memory: 4+2 chunks over nodes 0 to 11 of 24. */
async function withObject(changes: { concurrency?: number; nodes?: number } = {}) {
  const { nodes = 24, ...limits } = changes;
  const world = createWorld({ nodes, recovery: { ...settings, ...limits } });
  await world.engine.mutate('k', overwrite(payload(200_000)));
  await placed(world, 'k');
  return world;
}

/** The node of each chunk of the first fragment of `k`. */
function nodesOf(world: World): readonly number[] {
  const placed = world.engine.knowledge.peek('k')?.placed;
  return placed?.fragments[0]?.nodes ?? [];
}

function nodeOf(world: World, index: number): number {
  const node = nodesOf(world)[index];
  if (node === undefined) throw new Error(`chunk ${index} is nowhere`);
  return node;
}

/** Lets what is under way go on. */
async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}

async function rest(world: World): Promise<void> {
  await turns(20);
  expect(world.engine.recovery.status.underWay).toBe(0);
}

describe('recovery ahead of reads', () => {
  it('lets nodes read lost data chunks from the store, and moves their places', async () => {
    const world = await withObject();
    const [first, second] = [nodeOf(world, 0), nodeOf(world, 2)];
    world.fleet.lose(first);
    world.fleet.lose(second);
    await until(() => world.engine.places('k')?.complete === true);
    expect(world.fleet.loads).toBe(2);
    expect(new Set(nodesOf(world)).size).toBe(6);
    const asked = world.requests.length;
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(200_000)));
    expect(world.requests).toHaveLength(asked);
    const { recoveredChunks, recoveredBytes, gets } = world.metrics.snapshot();
    expect({ recoveredChunks, recoveredBytes }).toEqual({
      recoveredChunks: { data: 2, parity: 0 },
      recoveredBytes: { data: 100_000, parity: 0 },
    });
    expect(gets.memory).toBe(1);
    await world.engine.drain();
    expect(world.clock.pendingTimers()).toBe(0);
  });

  it('leaves lost parity to the next read of its fragment', async () => {
    const world = await withObject();
    world.fleet.lose(nodeOf(world, 5));
    await rest(world);
    expect(world.fleet.loads).toBe(0);
    expect(world.metrics.snapshot().parityLeftChunks).toBe(1);
    await valueOf(world, 'k');
    await until(() => world.engine.places('k')?.complete === true);
    expect(world.metrics.snapshot()).toMatchObject({ repairedChunks: 1, recoveredChunks: { data: 0, parity: 0 } });
  });

  it('takes up again what the node that was recovering loses in its turn', async () => {
    const world = await withObject();
    world.fleet.lose(nodeOf(world, 1));
    await until(() => world.engine.places('k')?.complete === true);
    world.fleet.lose(nodeOf(world, 1));
    await until(() => world.engine.places('k')?.complete === true);
    expect(world.metrics.snapshot().recoveredChunks.data).toBe(2);
  });

  it('and repair in passing do not bring the same chunk back twice', async () => {
    const world = await withObject();
    const held: (() => void)[] = [];
    world.fleet.gate = (request) => (request === 'load' ? new Promise<void>((go) => held.push(go)) : undefined);
    world.fleet.lose(nodeOf(world, 0));
    await until(() => held.length === 1);
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(200_000)));
    await turns();
    expect(world.metrics.snapshot()).toMatchObject({ repairedChunks: 0, gets: { decoded: 1 } });
    held[0]?.();
    await until(() => world.engine.places('k')?.complete === true);
    expect(world.metrics.snapshot().recoveredChunks.data).toBe(1);
  });

  it('lets a read take from the store what only a node that is recovering could give', async () => {
    const world = await withObject();
    for (const index of [4, 5]) world.fleet.lose(nodeOf(world, index));
    await rest(world);
    const busy = nodeOf(world, 1);
    vi.spyOn(world.engine.memory, 'isRecovering').mockImplementation((node) => node === busy);
    world.fleet.gate = (request, node) =>
      request === 'fetch' && node === busy ? new Promise<void>(() => {}) : undefined;
    world.requests.length = 0;
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(200_000)));
    expect(world.requests).toEqual(['get k']);
  });

  it('and the store being away, a read waits for that node', async () => {
    const world = await withObject();
    for (const index of [4, 5]) world.fleet.lose(nodeOf(world, index));
    await rest(world);
    vi.spyOn(world.engine.memory, 'isRecovering').mockReturnValue(true);
    world.hooks.before = () => {
      throw new SionError('unavailable', 'the store is away');
    };
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(200_000)));
    expect(world.metrics.snapshot().gets.memory).toBe(1);
  });

  it('of a dropped object ends, and leaves nothing on a node', async () => {
    const world = await withObject();
    const held: (() => void)[] = [];
    world.fleet.gate = (request) => (request === 'load' ? new Promise<void>((go) => held.push(go)) : undefined);
    world.fleet.lose(nodeOf(world, 0));
    await until(() => held.length === 1);
    expect(await world.engine.mutate('k', remove)).toBe(true);
    await until(() => world.engine.recovery.status.backlogChunks === 0);
    for (const go of held) go();
    await rest(world);
    expect(world.fleet.chunks).toBe(0);
    expect(world.engine.memory.size).toBe(0);
    await world.engine.drain();
    expect(world.clock.pendingTimers()).toBe(0);
  });

  it('looks at the ETag again once when a change of the expiry has overtaken it', async () => {
    const world = await withObject();
    const asked: string[] = [];
    const { source } = world.fleet;
    world.fleet.source = {
      get: async (name, options) => {
        asked.push(options?.ifMatch ?? '');
        if (asked.length === 1) {
          await world.engine.mutate('k', {
            needs: 'info',
            decide: () => ({ kind: 'expire', expiresAtMs: world.clock.wallMs() + 1e6, result: undefined }),
          });
        }
        if (source === undefined) throw new Error('no store');
        return await source.get(name, options);
      },
    };
    world.fleet.lose(nodeOf(world, 3));
    await until(() => world.engine.places('k')?.complete === true);
    expect(new Set(asked).size).toBe(2);
  });

  it('tries again after a pause, and gives up within its budget', async () => {
    const world = await withObject({ nodes: 12 });
    world.fleet.source = { get: () => Promise.reject(new Error('down')) };
    world.fleet.lose(nodeOf(world, 0));
    for (let second = 0; second < 60; second++) {
      await turns();
      world.clock.advance(1000);
    }
    expect(world.fleet.loads).toBe(8);
    expect(world.engine.recovery.status).toEqual({ backlogChunks: 0, underWay: 0 });
    expect(world.metrics.snapshot().recoveryGivenUpChunks).toBe(1);
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(200_000)));
  });

  it('ends promptly at a stop', async () => {
    const world = await withObject({ concurrency: 4 });
    world.fleet.gate = (request) => (request === 'load' ? new Promise<void>(() => {}) : undefined);
    for (const node of nodesOf(world)) world.fleet.lose(node);
    await until(() => world.engine.recovery.status.underWay === 4);
    await world.engine.drain();
    expect(world.engine.recovery.status).toEqual({ backlogChunks: 0, underWay: 0 });
    expect(world.clock.pendingTimers()).toBe(0);
    expect(world.engine.memory.parts.budget.usedBytes).toBe(0);
  });

  it('of a whole group at once keeps to its concurrency, and reads go on', async () => {
    const world = await withObject({ concurrency: 5 });
    for (let number = 1; number <= 5; number++) await world.engine.mutate(`k${number}`, overwrite(payload(200_000)));
    for (let number = 1; number <= 5; number++) await placed(world, `k${number}`);
    let most = 0;
    world.fleet.gate = (request) => {
      if (request === 'load') most = Math.max(most, world.engine.recovery.status.underWay);
    };
    await valueOf(world, 'k3');
    for (let node = 0; node < 12; node++) world.fleet.lose(node);
    for (const key of ['k', 'k1', 'k2']) expect(await valueOf(world, key)).toEqual(Buffer.from(payload(200_000)));
    await until(() => world.engine.recovery.status.backlogChunks === 0);
    expect(most).toBe(5);
    const asked = world.requests.length;
    for (const key of ['k', 'k3', 'k5']) expect(await valueOf(world, key)).toEqual(Buffer.from(payload(200_000)));
    expect(world.requests).toHaveLength(asked);
  });

  it('also brings back objects of an earlier proxy', async () => {
    const world = await withObject();
    const { knowledge, memory } = world.engine;
    const entry = knowledge.peek('k');
    if (entry?.placed === undefined) throw new Error('not placed');
    // As a snapshot's loader does it: in the directory first, then with its chunks.
    memory.adopt(entry.placed, entry);
    memory.track(entry.placed.id, entry.placed.fragments, entry.placed);
    world.fleet.lose(nodeOf(world, 0));
    await until(() => entry.placed?.complete === true);
    expect(world.fleet.loads).toBe(1);
  });

  it('is off with a concurrency of 0', async () => {
    const world = await withObject({ concurrency: 0 });
    world.fleet.lose(nodeOf(world, 0));
    await rest(world);
    expect(world.fleet.loads).toBe(0);
    expect(world.metrics.snapshot().recoveryGivenUpChunks).toBe(1);
  });
});

describe('recovery of what the store does not have', () => {
  /** Without recovery of its own; the store is never asked. */
  async function withMemoryOnly(state: WindowState = 'active') {
    const world = createWorld({ nodes: 24 });
    const { clock, fleet, metrics, engine } = world;
    const placement = Object.assign(createPlacement({ nodes: 24, groupSize: 12 }), { stateOf: () => state });
    const recovery = new Recovery({
      ...{ clock, fleet, metrics, settings, log: silentLog, memory: engine.memory },
      ...{ hedgeMs: 50, fetchTimeoutMs: 1000, placement },
      isInStore: () => false,
      onNodeRead: () => {},
      readStore: () => Promise.reject(new SionError('unavailable', 'the store does not have it')),
    });
    engine.memory.watch(recovery);
    await engine.mutate('k', overwrite(payload(200_000)));
    await placed(world, 'k');
    return { world, recovery };
  }

  it('decodes data, computes parity, and sends them to other nodes', async () => {
    const { world, recovery } = await withMemoryOnly();
    const asked = world.requests.length;
    world.fleet.lose(nodeOf(world, 1));
    world.fleet.lose(nodeOf(world, 4));
    await until(() => world.engine.places('k')?.complete === true);
    expect(world.fleet.loads).toBe(0);
    expect(world.requests).toHaveLength(asked);
    expect(world.metrics.snapshot().recoveredChunks).toEqual({ data: 1, parity: 1 });
    expect(world.engine.memory.parts.budget.usedBytes).toBe(0);
    // What was put back gives the bytes again when others are lost.
    for (const index of [0, 2]) world.fleet.loseSilently(nodeOf(world, index));
    expect(await valueOf(world, 'k')).toEqual(Buffer.from(payload(200_000)));
    expect(world.metrics.snapshot().gets.decoded).toBe(1);
    await recovery.stop();
  });

  it('is not done for nodes of a degraded window', async () => {
    const { world, recovery } = await withMemoryOnly('degraded');
    world.fleet.lose(nodeOf(world, 1));
    await turns();
    expect(recovery.status).toEqual({ backlogChunks: 0, underWay: 0 });
  });

  it('gives up, within its budget, what memory cannot make any more', async () => {
    const { world, recovery } = await withMemoryOnly();
    for (const node of nodesOf(world).slice(0, 3)) world.fleet.lose(node);
    for (let second = 0; second < 60; second++) {
      await turns();
      world.clock.advance(1000);
    }
    expect(recovery.status).toEqual({ backlogChunks: 0, underWay: 0 });
    expect(world.metrics.snapshot().recoveryGivenUpChunks).toBe(3);
    expect(world.engine.memory.parts.budget.usedBytes).toBe(0);
  });
});
