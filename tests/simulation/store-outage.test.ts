/**
 * The store is away for five minutes while journaled writes go on, in virtual time: what was acknowledged is in the store
 * afterwards, memory and disk stay within their bounds, and the store is not stormed, neither while it is away nor when it is
 * back.
 */
import { asSionError } from '@sion/wire';
import { describe, expect, it } from 'vitest';
import type { ProxyLife } from './proxy-life.ts';
import { World } from './world.ts';

const outageMs = 300_000;
const writeEveryMs = 500;
const keyCount = 50;
const valueBytes = 2000;
/** Not enough for a value of each key. */
const fewBytes = 64 * 1024;

interface Outcome {
  /** By key, the last token that was acknowledged. */
  readonly acknowledged: Map<string, string>;
  readonly refusals: Map<string, number>;
  mostBytes: number;
  mostDiskBytes: number;
  mostBodyBytes: number;
}

async function begin(world: World): Promise<ProxyLife> {
  world.weather.isCalm = true;
  return await world.startProxy('machine-a');
}

/** Runs what happens in a world to its end. */
async function played(world: World, play: () => Promise<void>): Promise<void> {
  let isOver = false;
  const over = play().finally(() => {
    isOver = true;
  });
  over.catch(() => {});
  await world.time.run(() => isOver, 3_600_000);
  await over;
}

/** One journaled write after the other, over all keys in turn, until `untilMs`. */
async function write(world: World, { service }: ProxyLife, untilMs: number): Promise<Outcome> {
  const outcome: Outcome = {
    acknowledged: new Map(),
    refusals: new Map(),
    ...{ mostBytes: 0, mostDiskBytes: 0, mostBodyBytes: 0 },
  };
  if (service === undefined) throw new Error(`the proxy does not serve: ${world.history.render()}`);
  const { engine, journaled } = service;
  for (let count = 0; world.time.nowMs < untilMs; count++) {
    const [key, token] = [`k${count % keyCount}`, `token-${count}`];
    const bytes = Buffer.alloc(valueBytes, count % 251);
    const decide = () => ({ kind: 'write', bytes, contentType: token, result: undefined }) as const;
    await engine.mutate(key, { needs: 'nothing', decide }, { durability: 'journal' }).then(
      () => outcome.acknowledged.set(key, token),
      (thrown: unknown) => {
        const { code } = asSionError(thrown);
        outcome.refusals.set(code, (outcome.refusals.get(code) ?? 0) + 1);
      },
    );
    outcome.mostBytes = Math.max(outcome.mostBytes, journaled.depth.bytes);
    outcome.mostDiskBytes = Math.max(outcome.mostDiskBytes, journaled.depth.diskBytes);
    outcome.mostBodyBytes = Math.max(outcome.mostBodyBytes, engine.memory.parts.budget.usedBytes);
    await world.sleep(writeEveryMs);
  }
  return outcome;
}

async function notInStore(world: World, { acknowledged }: Outcome): Promise<readonly string[]> {
  const heads = [...acknowledged].map(async ([key, token]) => {
    const found = (await world.store.head(key))?.metadata.contentType;
    return found === token ? [] : [`${key}: ${found} instead of ${token}`];
  });
  return (await Promise.all(heads)).flat();
}

/** The lease is tried about once a second; beside it one name at a time, ever more seldom. */
const mostRequestsAway = 1.5 * (outageMs / 1000);

describe('journaled writes while the store is away', () => {
  it('go on, are all in the store afterwards, and ask it for little meanwhile', async () => {
    const world = new World('outage', { leaseTtlMs: 600_000, journalBytes: 1024 * 1024, journalMaxAgeMs: 600_000 });
    await played(world, async () => {
      const life = await begin(world);
      await write(world, life, 10_000);
      world.weather.isStoreDown = true;
      const outcome = await write(world, life, world.time.nowMs + outageMs);
      const whileAway = world.weather.counts.get('store request during an outage') ?? 0;
      expect([...outcome.refusals]).toEqual([]);
      expect(outcome.acknowledged.size).toBe(keyCount);
      expect(whileAway).toBeLessThan(mostRequestsAway);
      expect(outcome.mostBytes).toBeLessThanOrEqual(1024 * 1024);
      expect(outcome.mostDiskBytes).toBeLessThanOrEqual(2 * 1024 * 1024 + (2 * 1024 * 1024) / 16);
      expect(outcome.mostBodyBytes).toBeLessThanOrEqual(256 * 1024);

      world.weather.isStoreDown = false;
      const before = requestsOf(life);
      await world.sleep(60_000);
      expect(await notInStore(world, outcome)).toEqual([]);
      // Each key is brought once, whatever was written to it meanwhile; the lease is renewed 30 times.
      expect(requestsOf(life) - before).toBeLessThan(5 * keyCount + 100);
    });
  });

  it('behave like those to the store once the bound is reached, and what was acknowledged is kept', async () => {
    const world = new World('bound', { leaseTtlMs: 600_000, journalBytes: fewBytes, journalMaxAgeMs: 600_000 });
    await played(world, async () => {
      const life = await begin(world);
      world.weather.isStoreDown = true;
      const outcome = await write(world, life, world.time.nowMs + 60_000);
      expect(outcome.acknowledged.size).toBeGreaterThan(5);
      expect([...outcome.refusals.keys()]).toEqual(['unavailable']);
      expect(outcome.mostBytes).toBeLessThanOrEqual(fewBytes);
      world.weather.isStoreDown = false;
      await world.sleep(60_000);
      expect(await notInStore(world, outcome)).toEqual([]);
      const after = await write(world, life, world.time.nowMs + 20_000);
      expect([...after.refusals]).toEqual([]);
    });
  });
});

function requestsOf({ service }: ProxyLife): number {
  const requests = service?.metrics.snapshot().storeRequests;
  return requests === undefined ? 0 : Object.values(requests).reduce((sum, count) => sum + count, 0);
}
