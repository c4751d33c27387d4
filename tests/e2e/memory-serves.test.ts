/** Values of every size lie in the store as they are, and are served by functions' memory when the store is away. */

import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { payloadOf } from '@sion/workload';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../doubles/turns.ts';
import { LocalSion, sha256 } from './local-sion.ts';

const mib = 1024 * 1024;
const sizes = [0, 1, 1024, mib, 100 * mib, 400 * mib];
const keyOf = (sizeBytes: number) => `size:${sizeBytes}`;
const valueOf = (sizeBytes: number) => payloadOf(keyOf(sizeBytes), 1, sizeBytes);
const sums = new Map(sizes.map((sizeBytes) => [sizeBytes, sha256(valueOf(sizeBytes))]));
/** What the later tests lose and read again and again. */
const lostSizes = sizes.slice(0, -1);

describe('objects of all sizes', { timeout: 240_000 }, () => {
  let sion: LocalSion;
  let redis: ReturnType<LocalSion['redis']>;

  beforeAll(async () => {
    // Late answers are not hedged here, so that the sources of reads can be counted.
    sion = await LocalSion.start({
      environment: {
        SION_HEDGE_MS: '60000',
        SION_FETCH_TIMEOUT_MS: '60000',
        SION_LEASE_TTL_MS: '600000',
        SION_SILENCE_MS: '60000',
      },
    });
    redis = sion.redis();
  }, 120_000);

  afterAll(async () => {
    await sion?.stop();
  }, 120_000);

  const storeAway = () => rename(join(sion.dataDir, 'store'), join(sion.dataDir, 'away'));
  const storeBack = () => rename(join(sion.dataDir, 'away'), join(sion.dataDir, 'store'));

  const expectValue = async (sizeBytes: number) => {
    const value = await redis.getBuffer(keyOf(sizeBytes));
    expect(value === null ? 'miss' : sha256(value)).toBe(sums.get(sizeBytes));
  };

  /** Reads everything until nothing is missing in memory: a loss is noticed, and mended, when its node is next asked. */
  const repaired = () =>
    until(async () => {
      for (const sizeBytes of lostSizes) await expectValue(sizeBytes);
      return (await sion.status()).objects.complete >= lostSizes.length;
    });

  it('are taken and lie in the store, byte for byte', async () => {
    for (const sizeBytes of sizes) {
      const value = valueOf(sizeBytes);
      expect(await redis.set(keyOf(sizeBytes), Buffer.from(value.buffer, value.byteOffset, value.length))).toBe('OK');
      const stored = await readFile(join(sion.dataDir, 'store', keyOf(sizeBytes)));
      expect(sha256(stored)).toBe(sums.get(sizeBytes));
    }
  });

  it('are in memory soon after', async () => {
    await sion.inMemory(sizes.map(keyOf));
    const { objects } = await sion.status();
    expect(objects).toMatchObject({ inMemory: sizes.length, complete: sizes.length });
  });

  it('are read from memory while the store is unreachable', async () => {
    const before = (await sion.status()).totals.gets;
    await storeAway();
    for (const sizeBytes of sizes) await expectValue(sizeBytes);
    const after = (await sion.status()).totals.gets;
    expect(after.memory - before.memory).toBe(sizes.length);
    expect(after.store - before.store).toBe(0);
    expect(after.decoded - before.decoded).toBe(0);
  });

  it('are decoded when as many instances are lost as there is parity, and repaired', async () => {
    await storeBack();
    expect(await redis.del(keyOf(400 * mib))).toBe(1);
    for (const sizeBytes of [1024, mib, 100 * mib]) {
      // Other objects may have more chunks on the lost instances than they have parity: only this one must do without.
      await repaired();
      await storeAway();
      const places = await sion.places(keyOf(sizeBytes));
      const lost = (places?.fragments[0] ?? []).slice(0, places?.parityChunks).filter((name) => name !== null);
      expect(lost.length).toBeGreaterThan(0);
      await sion.reclaim(lost);
      const before = (await sion.status()).totals;
      await expectValue(sizeBytes);
      const after = (await sion.status()).totals;
      expect(after.gets.decoded - before.gets.decoded).toBe(1);
      expect(after.gets.store - before.gets.store).toBe(0);
      expect(after.recoveries).toBeGreaterThan(before.recoveries);
      await sion.inMemory([keyOf(sizeBytes)]);
      await storeBack();
    }
    await storeAway();
  });

  it('are refused in words while the store is away, and taken again when it is back', async () => {
    await expect(redis.set('new', 'value')).rejects.toThrow(/^UNAVAILABLE /);
    await expect(redis.get('never-seen')).rejects.toThrow(/^UNAVAILABLE /);
    await storeBack();
    expect(await redis.set('new', 'value')).toBe('OK');
    expect(await redis.get('new')).toBe('value');
    await until(async () => (await sion.status()).store.reachable);
  });

  it('come from the store when every instance is lost, and are in memory again afterwards', async () => {
    const nonEmpty = lostSizes.filter((sizeBytes) => sizeBytes > 0);
    const before = (await sion.status()).totals;
    await sion.control.reclaim({ all: true });
    for (const sizeBytes of nonEmpty) await expectValue(sizeBytes);
    const after = (await sion.status()).totals;
    expect(after.recoveries).toBeGreaterThan(before.recoveries);
    // What the recovery, which the first read sets off, has brought back by then is read from memory.
    const fromStore = after.gets.store - before.gets.store;
    const recovered = after.recoveredChunks.data - before.recoveredChunks.data;
    expect([fromStore === nonEmpty.length || recovered > 0, fromStore + recovered > 0]).toEqual([true, true]);
    await repaired();
  });

  it('are forgotten, and taken in again, when an operator says so', async () => {
    const ask = async (path: string) => {
      const url = `http://127.0.0.1:${sion.proxy.ready['adminPort']}${path}`;
      const text = await (await fetch(url, { method: 'POST' })).text();
      return JSON.parse(text.trimEnd().split('\n').at(-1) ?? '');
    };
    const keys = lostSizes.map(keyOf).filter((key) => key.startsWith('size:1'));
    const before = (await sion.status()).objects.inMemory;
    expect(await ask('/v1/invalidate?prefix=size:1')).toEqual({ invalidated: keys.length });
    expect((await sion.status()).objects.inMemory).toBe(before - keys.length);
    // On a busy machine placing may be given up: what is held by then is not read again.
    await until(async () => {
      const { placed, held, missing, done } = await ask('/v1/warm?prefix=size:1');
      expect([missing, done]).toEqual([0, true]);
      return placed + held === keys.length;
    });
    for (const key of keys) expect((await sion.places(key))?.complete).toBe(true);
  });
});
