/**
 * When a write is acknowledged, over the real SION: what `journal` has taken while the store was away outlives the proxy and
 * lies in the store as plain files afterwards; what `memory` has taken is never stored, and goes with the functions.
 */
import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { payloadOf } from '@sion/workload';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../doubles/turns.ts';
import { kill, LocalSion } from './local-sion.ts';

const mib = 1024 * 1024;
/** Within a record of the journal, beyond it in a file of its own, and above what a PUT over RESP keeps in memory. */
const sizes = [1, 1000, 300_000, 5 * mib];

describe('acknowledged by', { timeout: 240_000 }, () => {
  let sion: LocalSion;
  let redis: ReturnType<LocalSion['redis']>;

  beforeAll(async () => {
    sion = await LocalSion.start({
      nodes: 12,
      environment: { SION_LEASE_TTL_MS: '600000', SION_JOURNAL_QUARANTINE_MS: '500' },
    });
    redis = sion.redis();
  }, 120_000);

  afterAll(async () => {
    await sion?.stop();
  }, 120_000);

  const folder = () => join(sion.dataDir, 'store');
  const storeAway = () => rename(folder(), join(sion.dataDir, 'away'));
  const storeBack = () => rename(join(sion.dataDir, 'away'), folder());
  const valueOf = (key: string, sizeBytes: number, version = 1) => {
    const bytes = payloadOf(key, version, sizeBytes);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  };
  const choose = async (mode: string) => {
    expect(await redis.call('SION', 'DURABILITY', mode)).toBe('OK');
  };
  const drained = () => until(async () => (await sion.status()).journal.records === 0);

  it('the journal: written while the store is away, there after kill -9, and in the store in the end', async () => {
    await redis.set('gone', 'deleted while the store is away');
    await redis.set('changed', 'old');
    expect(await redis.get('gone')).toBe('deleted while the store is away');
    await choose('journal');
    await storeAway();
    for (const size of sizes) expect(await redis.set(`j-${size}`, valueOf('j', size))).toBe('OK');
    expect(await redis.set('changed', 'first')).toBe('OK');
    expect(await redis.append('changed', ' and second')).toBe('first and second'.length);
    expect(await redis.del('gone')).toBe(1);
    const put = await fetch(`${sion.httpUrl}/v1/objects/over-http`, {
      ...{ method: 'PUT', body: valueOf('http', 50_000), headers: { 'Sion-Durability': 'journal' } },
    });
    expect(put.status).toBe(201);

    await until(async () => (await sion.status()).journal.failingSeconds !== undefined);
    const { journal, totals } = await sion.status();
    expect(journal.names).toBe(sizes.length + 3);
    expect(totals.puts.journal).toBe(sizes.length + 3);
    expect(totals.drainRetries).toBeGreaterThan(0);

    await kill(sion.proxy);
    await storeBack();
    expect(await readdir(folder())).not.toContain('j-1');
    await sion.startProxy();
    for (const size of sizes) expect(await redis.getBuffer(`j-${size}`)).toEqual(valueOf('j', size));
    expect(await redis.mget('changed', 'gone')).toEqual(['first and second', null]);

    await drained();
    for (const size of sizes) expect(await readFile(join(folder(), `j-${size}`))).toEqual(valueOf('j', size));
    expect(await readFile(join(folder(), 'changed'), 'utf8')).toBe('first and second');
    expect(await readFile(join(folder(), 'over-http'))).toEqual(valueOf('http', 50_000));
    expect(await readdir(folder())).not.toContain('gone');
    const after = await sion.status();
    expect(after.journal).toMatchObject({ names: 0, records: 0, bytes: 0, oldestSeconds: 0 });
    expect(after.journal).not.toHaveProperty('failingSeconds');
  });

  it('the store: refused while it is away, and nothing has changed', async () => {
    await choose('store');
    await storeAway();
    await expect(redis.set('j-1', 'other')).rejects.toThrow(/^UNAVAILABLE /);
    await storeBack();
    expect(await redis.getBuffer('j-1')).toEqual(valueOf('j', 1));
  });

  it('functions alone: never in the store, taken while it is away, and gone with the functions', async () => {
    await redis.set('m-old', 'stored');
    await choose('memory');
    expect(await redis.set('m-old', valueOf('m', 1000))).toBe('OK');
    // A copy of before would come back when the functions are lost.
    expect(await readdir(folder())).not.toContain('m-old');
    await storeAway();
    expect(await redis.set('m-old', valueOf('m', 2 * mib))).toBe('OK');
    expect(await redis.getBuffer('m-old')).toEqual(valueOf('m', 2 * mib));
    await storeBack();
    expect(await readdir(folder())).not.toContain('m-old');
    expect((await sion.status()).totals.puts.memory).toBe(2);

    await sion.control.reclaim({ all: true });
    expect(await redis.get('m-old')).toBeNull();
    expect(await redis.exists('m-old')).toBe(0);
    expect(await readdir(folder())).not.toContain('m-old');
  });
});
