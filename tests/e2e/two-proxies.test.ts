/** One owner: a second proxy on the same data folder is refused, and a paused first one answers and writes nothing more. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalSion, type Part } from './local-sion.ts';

/** Short, to be waited out; long enough for a busy machine to renew it. */
const shortLease = { SION_LEASE_TTL_MS: '8000', SION_LEASE_RENEWAL_MS: '1000' };

describe('two proxies on one data folder', { timeout: 120_000 }, () => {
  let sion: LocalSion;

  beforeAll(async () => {
    sion = await LocalSion.start({ environment: shortLease });
  }, 120_000);

  afterAll(async () => {
    await sion?.stop();
  }, 120_000);

  it('the second is refused with the reason, and the first goes on', async () => {
    const redis = sion.redis();
    await redis.set('k', 'first');
    const second = await sion.tryProxy();
    expect(second).toMatchObject({ code: 3, message: expect.stringContaining('owned by another proxy') });
    expect(await redis.get('k')).toBe('first');
    expect(await redis.set('k', 'still first')).toBe('OK');
  });

  it('a paused first one, whose lease another took, answers nothing stale and writes nothing', async () => {
    const old = sion.proxy;
    const oldClient = sion.redis(old);
    expect(await oldClient.get('k')).toBe('still first');
    old.child.kill('SIGSTOP');
    const read = oldClient.get('k').then(
      (value) => ({ value }),
      (error: Error) => ({ error: error.message }),
    );
    const write = oldClient.set('k', 'from the old one').then(
      (value) => ({ value }),
      (error: Error) => ({ error: error.message }),
    );
    const next = await sion.tryProxy();
    if (!('child' in next)) throw new Error(`the second proxy did not take over: ${next.message}`);
    const newClient = sion.redis(next);
    expect(await newClient.get('k')).toBe('still first');
    expect(await newClient.set('k', 'from the new one')).toBe('OK');
    old.child.kill('SIGCONT');
    expect(await old.ended).toBe(3);
    oldClient.disconnect();
    expect(await read).toHaveProperty('error');
    expect(await write).toHaveProperty('error');
    expect(await newClient.get('k')).toBe('from the new one');
    expect(await readFile(join(sion.dataDir, 'store', 'k'), 'utf8')).toBe('from the new one');
    await stop(next);
  });
});

async function stop(part: Part): Promise<void> {
  part.child.kill('SIGTERM');
  await part.ended;
}
