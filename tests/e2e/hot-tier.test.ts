/** The hot tier of a whole SION: small values are read without functions, and are never but the present ones. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kill, LocalSion } from './local-sion.ts';

let sion: LocalSion;
beforeAll(async () => {
  sion = await LocalSion.start({ environment: { SION_HOT_BYTES: String(4 * 1024 * 1024) } });
});
afterAll(async () => {
  await sion.stop();
});

describe('small values of a whole SION', () => {
  it('are served by the proxy while every function is gone, over RESP and HTTP', async () => {
    const redis = sion.redis();
    const value = Buffer.alloc(10_000, 'small');
    await redis.set('k', value);
    await kill(sion.emulator);
    for (let read = 0; read < 20; read++) expect(await redis.getBuffer('k')).toEqual(value);
    expect(await redis.getrange('k', 5, 9)).toBe('small');
    const response = await fetch(`http://127.0.0.1:${sion.proxy.ready['httpPort']}/v1/objects/k`);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(value);
    expect(response.headers.get('server-timing')).toContain('hot');
    const { totals, hot } = await sion.status();
    expect(totals.gets).toMatchObject({ hot: 22, memory: 0, store: 0 });
    expect(hot.objects).toBe(1);
    await redis.set('k', 'another');
    expect(await redis.get('k')).toBe('another');
    await redis.del('k');
    expect(await redis.get('k')).toBeNull();
    redis.disconnect();
  });
});
