/** A whole SION over a real S3 server, with no more set than a user sets: store, bucket, endpoint, credentials. */
import { GetObjectCommand, HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { payloadOf } from '@sion/workload';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { until } from '../doubles/turns.ts';
import { radosgwBucket, radosgwCredentials } from '../radosgw/radosgw.ts';
import { kill, LocalSion, sha256 } from './local-sion.ts';

const large = payloadOf('large', 1, 40 * 1024 * 1024 + 7);

describe('with the store on radosgw', { timeout: 120_000 }, () => {
  let sion: LocalSion;
  let redis: ReturnType<LocalSion['redis']>;
  const client = () =>
    new S3Client({
      ...{ endpoint: inject('radosgwEndpoint'), region: 'us-east-1', forcePathStyle: true },
      credentials: radosgwCredentials,
    });

  beforeAll(async () => {
    const environment = {
      SION_STORE: 's3',
      SION_S3_BUCKET: radosgwBucket,
      SION_S3_ENDPOINT: inject('radosgwEndpoint'),
      AWS_ACCESS_KEY_ID: radosgwCredentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: radosgwCredentials.secretAccessKey,
    };
    sion = await LocalSion.start({ nodes: 14, environment, nodeEnvironment: environment });
    redis = sion.redis();
  }, 120_000);

  afterAll(() => sion?.stop(), 120_000);

  const getLarge = async () => {
    const answer = await fetch(`${sion.httpUrl}/v1/objects/large`);
    return sha256(new Uint8Array(await answer.arrayBuffer()));
  };

  it('takes what clients write, small over Redis and large over HTTP, into the bucket as it is', async () => {
    expect(await redis.set('greeting', 'hello')).toBe('OK');
    expect(await redis.incr('count')).toBe(1);
    expect(await redis.expire('greeting', 100_000)).toBe(1);
    const put = await fetch(`${sion.httpUrl}/v1/objects/large`, {
      method: 'PUT',
      body: new Uint8Array(large),
      headers: { 'content-type': 'image/x-large', 'sion-meta-colour': 'green' },
    });
    expect(put.status).toBeLessThan(300);
    expect(await redis.get('greeting')).toBe('hello');
    expect(await getLarge()).toBe(sha256(large));
    const s3 = client();
    const place = { Bucket: radosgwBucket, Key: 'large' };
    const head = await s3.send(new HeadObjectCommand(place));
    expect(head.ContentType).toBe('image/x-large');
    expect(head.Metadata).toMatchObject({ colour: 'green', 'sion-version': expect.stringMatching(/^1\.\d+$/) });
    const got = await s3.send(new GetObjectCommand(place));
    expect(sha256((await got.Body?.transformToByteArray()) ?? new Uint8Array())).toBe(sha256(large));
    s3.destroy();
  });

  it('survives the proxy killed, and every instance lost', async () => {
    await kill(sion.proxy);
    await sion.startProxy();
    expect(await redis.get('greeting')).toBe('hello');
    expect(await redis.incr('count')).toBe(2);
    expect(await redis.ttl('greeting')).toBeGreaterThan(99_000);
    await sion.control.reclaim({ all: true });
    expect(await getLarge()).toBe(sha256(large));
    expect(await redis.del('greeting')).toBe(1);
    expect(await redis.get('greeting')).toBeNull();
    await until(async () => (await sion.status()).store.reachable);
  });
});
