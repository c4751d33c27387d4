/** A whole SION over S3: the user's own bytes in the bucket, every kill survived, one owner by a lease object. */
import { payloadOf } from '@sion/workload';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../doubles/turns.ts';
import { S3Server } from '../s3-server/s3-server.ts';
import { kill, LocalSion, sha256 } from './local-sion.ts';

const mib = 1024 * 1024;
/** The last is an upload in parts. */
const sizes = [0, 100, 200_000, 3 * mib, 9 * mib];
const keyOf = (sizeBytes: number) => `photos/size ${sizeBytes}`;
const valueOf = (sizeBytes: number) => {
  const bytes = payloadOf(keyOf(sizeBytes), 1, sizeBytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
};

describe('with the store on S3', { timeout: 120_000 }, () => {
  let s3: S3Server;
  let sion: LocalSion;
  let redis: ReturnType<LocalSion['redis']>;

  beforeAll(async () => {
    s3 = await S3Server.start();
    const credentials = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };
    const place = { SION_STORE: 's3', SION_S3_BUCKET: 'bucket', SION_S3_ENDPOINT: s3.endpoint, SION_PREFIX: 'team/a' };
    const environment = {
      ...credentials,
      ...place,
      SION_LEASE_TTL_MS: '10000',
      SION_LEASE_RENEWAL_MS: '1000',
      SION_PLACE_PATIENCE_MS: '20000',
    };
    sion = await LocalSion.start({ environment, nodeEnvironment: { ...credentials, ...place } });
    redis = sion.redis();
  }, 120_000);

  afterAll(async () => {
    await sion?.stop();
    await s3?.close();
  }, 120_000);

  const expectValues = async () => {
    for (const sizeBytes of sizes) {
      const value = await redis.getBuffer(keyOf(sizeBytes));
      expect(value === null ? 'miss' : sha256(value)).toBe(sha256(valueOf(sizeBytes)));
    }
  };

  /** Placing is given up on a machine that is busy; a read tries again. */
  const warm = async () => {
    for (const key of sizes.map(keyOf)) {
      await until(async () => {
        if ((await sion.places(key))?.complete === true) return true;
        await redis.getBuffer(key);
        return false;
      });
    }
  };

  it('writes lie in the bucket as they are, with their metadata beside them', async () => {
    for (const sizeBytes of sizes) {
      expect(await redis.set(keyOf(sizeBytes), valueOf(sizeBytes))).toBe('OK');
      const object = s3.bucket().objects.get(`team/a/${keyOf(sizeBytes)}`);
      expect(object === undefined ? 'missing' : sha256(object.bytes)).toBe(sha256(valueOf(sizeBytes)));
      expect(object?.metadata['sion-version']).toMatch(/^1\.\d+$/);
    }
    await redis.expire(keyOf(100), 1_000_000);
    expect(s3.bucket().objects.get(`team/a/${keyOf(100)}`)?.metadata['sion-expires']).toMatch(/^\d{13}$/);
    expect([...s3.bucket().objects.keys()].filter((key) => key.startsWith('team/a/.sion/'))).toEqual([
      'team/a/.sion/lease',
    ]);
    expect((await sion.status()).store).toMatchObject({ kind: 's3', place: 's3://bucket/team/a', reachable: true });
  });

  it('what others put into the bucket is served', async () => {
    s3.bucket().put('team/a/others', Buffer.from('from elsewhere'), {});
    expect(await redis.get('others')).toBe('from elsewhere');
  });

  it('is read from the bucket when every instance is lost, and repaired when one is', async () => {
    await warm();
    await sion.control.reclaim({ all: true });
    await expectValues();
    await warm();
    const [lost] = (await sion.places(keyOf(3 * mib)))?.fragments[0]?.filter((name) => name !== null) ?? [];
    await sion.reclaim(lost === undefined ? [] : [lost]);
    await expectValues();
    await warm();
  });

  it('survives the proxy killed', async () => {
    await kill(sion.proxy);
    await sion.startProxy();
    await expectValues();
    expect(await redis.set('after', 'the kill')).toBe('OK');
    expect(s3.bucket().objects.get('team/a/after')?.metadata['sion-version']).toMatch(/^2\.\d+$/);
  });

  it('refuses a second proxy on the same prefix, and takes one on another', async () => {
    expect(await sion.tryProxy()).toMatchObject({
      code: 3,
      message: expect.stringContaining('owned by another proxy'),
    });
    const other = await sion.tryProxy({ SION_PREFIX: 'team/b' });
    if (!('child' in other)) throw new Error(other.message);
    const client = sion.redis(other);
    expect(await client.get('after')).toBeNull();
    expect(await client.set('after', 'of team b')).toBe('OK');
    expect(await redis.get('after')).toBe('the kill');
    other.child.kill('SIGTERM');
    expect(await other.ended).toBe(0);
  });

  it('says that nobody knows when the answer to a write is lost, and what it was afterwards', async () => {
    s3.fault = ({ operation, key }) =>
      operation === 'PutObject' && key === 'team/a/lost' ? { kind: 'lose' } : undefined;
    await expect(redis.set('lost', 'value')).rejects.toThrow(/^INDETERMINATE /);
    s3.fault = () => undefined;
    expect(await redis.get('lost')).toBe('value');
    s3.fault = ({ key }) => (key === 'team/a/slow' ? { kind: 'refuse', status: 503, code: 'SlowDown' } : undefined);
    await expect(redis.set('slow', 'value')).rejects.toThrow(/^UNAVAILABLE /);
    s3.fault = () => undefined;
    expect(await redis.get('slow')).toBeNull();
    await until(async () => (await sion.status()).store.reachable);
  });

  it('will not start on a server that ignores conditions', async () => {
    const careless = await S3Server.start({ lacks: ['replace'] });
    try {
      const refused = await sion.tryProxy({ SION_S3_ENDPOINT: careless.endpoint });
      expect(refused).toMatchObject({ code: 2, message: expect.stringContaining('ignores If-Match on PUT') });
    } finally {
      await careless.close();
    }
  });
});
