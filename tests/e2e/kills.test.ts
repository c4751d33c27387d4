/**
 * Whatever is killed between and during SETs and GETs: every acknowledged value comes back, no key is wedged, nothing
 * stale is answered, and no process is left over.
 */

import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { payloadOf } from '@sion/workload';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../doubles/turns.ts';
import { isAlive, kill, LocalSion, sha256 } from './local-sion.ts';

const mib = 1024 * 1024;
const sizes = [100, 50_000, mib + 7, 12 * mib];

/** What a client knows of a key: the last version that was acknowledged, and the last that it tried. */
interface Known {
  readonly key: string;
  readonly sizeBytes: number;
  acknowledged: number;
  tried: number;
}

describe('with parts killed', { timeout: 240_000 }, () => {
  let sion: LocalSion;
  let redis: ReturnType<LocalSion['redis']>;
  const keys: Known[] = Array.from({ length: 12 }, (_, number) => ({
    key: `key-${number}`,
    sizeBytes: sizes[number % sizes.length] ?? 1,
    acknowledged: 0,
    tried: 0,
  }));

  beforeAll(async () => {
    sion = await LocalSion.start({ environment: { SION_SNAPSHOT_MS: '200' } });
    redis = sion.redis();
  }, 120_000);

  afterAll(async () => {
    await sion?.stop();
  }, 120_000);

  const valueOf = (known: Known, version: number) => {
    const bytes = payloadOf(known.key, version, known.sizeBytes);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  };

  /** Writes the next version; a refused or unknown result leaves it at tried. */
  const write = async (known: Known) => {
    known.tried++;
    const version = known.tried;
    try {
      if ((await redis.set(known.key, valueOf(known, version))) === 'OK') known.acknowledged = version;
    } catch {
      // Refused or unknown: it may or may not have happened.
    }
  };

  /** Reads, and says which version it was; fails on bytes that no version has. */
  const read = async (known: Known): Promise<number | 'error'> => {
    let value: Buffer | null;
    try {
      value = await redis.getBuffer(known.key);
    } catch {
      return 'error';
    }
    if (value === null) return 0;
    const sum = sha256(value);
    for (let version = known.tried; version > 0; version--) {
      if (sha256(valueOf(known, version)) === sum) return version;
    }
    throw new Error(`${known.key}: ${value.length} bytes that nobody wrote`);
  };

  /** Every key is read at last, at a version not older than the acknowledged one, and takes a new write. */
  const expectAllBack = async () => {
    for (const known of keys) {
      let version: number | 'error' = 'error';
      await until(async () => {
        version = await read(known);
        return version !== 'error';
      });
      expect(version).toBeGreaterThanOrEqual(known.acknowledged);
      await until(async () => {
        await write(known);
        return known.acknowledged === known.tried;
      });
      expect(await read(known)).toBe(known.tried);
    }
  };

  /** Runs `disturb` in the midst of writes and reads of all keys. */
  const during = async (disturb: () => Promise<void>) => {
    const load = keys.map(async (known) => {
      for (let round = 0; round < 3; round++) {
        await write(known);
        const floor = known.acknowledged;
        const version = await read(known);
        if (version !== 'error') expect(version).toBeGreaterThanOrEqual(floor);
      }
    });
    await disturb();
    await Promise.all(load);
    await expectAllBack();
  };

  const instancesOf = async (count: number) => {
    const places = await sion.places('key-3');
    return (places?.fragments[0] ?? []).filter((name) => name !== null).slice(0, count);
  };

  it('survives one instance killed', async () => {
    await Promise.all(keys.map(write));
    await sion.inMemory(keys.map((known) => known.key));
    await during(async () => sion.reclaim(await instancesOf(1)));
  });

  it('survives as many as there is parity killed', async () => {
    await sion.inMemory(keys.map((known) => known.key));
    await during(async () => sion.reclaim(await instancesOf(2)));
  });

  it('survives all instances killed, twice', async () => {
    await during(async () => {
      await sion.control.reclaim({ all: true });
      await sion.control.reclaim({ all: true });
    });
  });

  it('survives the proxy killed and started again', async () => {
    await during(async () => {
      await kill(sion.proxy);
      await sion.startProxy();
    });
  });

  it('survives the emulator killed with all its instances, and leaves none of them behind', async () => {
    const pids = (await sion.control.instances()).flatMap((instance) => instance.pid ?? []);
    expect(pids.length).toBeGreaterThan(0);
    await during(async () => {
      await kill(sion.emulator);
      for (const pid of pids) await until(() => !isAlive(pid));
      await sion.startEmulator();
    });
  });

  it('serves from the store while there is no emulator at all', async () => {
    await kill(sion.emulator);
    await expectAllBack();
    await sion.startEmulator();
    await expectAllBack();
    await sion.inMemory(keys.map((known) => known.key));
  });

  it('believes its snapshot after an orderly stop, without asking the store about each key', async () => {
    await sion.inMemory(keys.map((known) => known.key));
    sion.proxy.child.kill('SIGTERM');
    expect(await sion.proxy.ended).toBe(0);
    await sion.startProxy();
    await until(async () => !(await sion.status()).snapshot.isLoading);
    for (const known of keys) expect(await read(known)).toBe(known.acknowledged);
    const { totals, snapshot } = await sion.status();
    expect(snapshot).toMatchObject({ loaded: keys.length, total: keys.length });
    expect(totals.gets.memory + totals.gets.decoded).toBe(keys.length);
    expect(totals.gets.store).toBe(0);
    expect(totals.storeRequests).toMatchObject({ head: 0 });
  });

  it('takes back what living instances hold after it was killed, and asks the store once whether it is still the same', async () => {
    await sion.inMemory(keys.map((known) => known.key));
    // Written after all others were wholly in memory, so a snapshot that has it has them.
    await redis.set('marker', 'here');
    await sion.inMemory(['marker']);
    const snapshot = join(sion.dataDir, 'proxy', 'snapshot.bin');
    await until(async () => (await readFile(snapshot, 'latin1').catch(() => '')).includes('"key":"marker"'));
    await kill(sion.proxy);
    await sion.startProxy();
    await until(async () => !(await sion.status()).snapshot.isLoading);
    for (const known of keys) expect(await read(known)).toBe(known.acknowledged);
    const { totals } = await sion.status();
    expect(totals.gets.memory + totals.gets.decoded).toBe(keys.length);
    expect(totals.gets.store).toBe(0);
    expect(totals.lostChunks).toBe(0);
    expect(totals.storeRequests).toMatchObject({ head: keys.length });
  });

  it('makes no new store while its own is away', async () => {
    const [store, away] = [join(sion.dataDir, 'store'), join(sion.dataDir, 'away')];
    await kill(sion.proxy);
    await rename(store, away);
    expect(await sion.tryProxy()).toMatchObject({
      code: 1,
      message: expect.stringContaining('put it back or mount it'),
    });
    await rename(away, store);
    await sion.startProxy();
    await expectAllBack();
  });
});
