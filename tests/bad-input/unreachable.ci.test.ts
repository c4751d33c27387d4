/** A store on S3 that is out of reach: its client's own patience, which is no setting, makes this slow. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { call, errorOf } from '../doubles/http-client.ts';
import { until } from '../doubles/turns.ts';
import { S3Server } from '../s3-server/s3-server.ts';
import { BadInputBench } from './bench.ts';
import { titleOf } from './table.ts';

describe('with a store out of reach', { timeout: 120_000 }, () => {
  async function startOnS3(): Promise<{ readonly bench: BadInputBench; readonly s3: S3Server }> {
    const s3 = await S3Server.start();
    const bench = await BadInputBench.start({
      ...{ AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' },
      ...{ SION_STORE: 's3', SION_S3_BUCKET: 'bucket', SION_S3_ENDPOINT: s3.endpoint },
    });
    onTestFinished(async () => {
      s3.fault = () => undefined;
      await bench.stop();
      await s3.close();
    }, 60_000);
    return { bench, s3 };
  }

  it(titleOf('a store that breaks every connection'), async () => {
    const { bench, s3 } = await startOnS3();
    const redis = bench.sion.redis();
    s3.fault = () => ({ kind: 'cut' });
    await expect(redis.get('unknown')).rejects.toThrow(/^UNAVAILABLE /);
    const written = await redis.set('k', 'v').catch((error: Error) => error.message);
    expect(written).toMatch(/^(UNAVAILABLE|INDETERMINATE) /);
    const read = await call(bench.httpPort, { target: '/v1/objects/unknown' });
    expect([read.status, errorOf(read).code]).toEqual([503, 'unavailable']);
    s3.fault = () => undefined;
    await until(async () => (await bench.sion.status()).store.reachable);
    await bench.writable('k');
  });

  it(titleOf('a store that takes requests and never answers'), async () => {
    const { bench, s3 } = await startOnS3();
    const redis = bench.sion.redis();
    s3.fault = ({ key }) => (key === 'silent' ? { kind: 'hold', when: 'before' } : undefined);
    const [written, read] = await Promise.all([
      redis.set('silent', 'v').catch((error: Error) => error.message),
      redis.get('silent').catch((error: Error) => error.message),
      bench.bystand(),
    ]);
    expect(written).toMatch(/^(UNAVAILABLE|INDETERMINATE) /);
    expect(read).toMatch(/^UNAVAILABLE /);
    s3.fault = () => undefined;
    await bench.writable('silent');
  });
});
