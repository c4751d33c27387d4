/** A whole SION whose proxy is killed while the client counts: nothing is counted twice, and the client goes on by itself. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { kill, LocalSion } from '../../../tests/e2e/local-sion.ts';
import { stringCodec } from './codec.ts';
import { isSionError } from './errors.ts';
import { clientInTest } from './fronts.test-data.ts';

let sion: LocalSion;
beforeAll(async () => {
  sion = await LocalSion.start({ nodes: 12 });
});
afterAll(() => sion.stop());

it('what is acknowledged has happened once, what is indeterminate at most once', async () => {
  const { respPort, httpPort } = sion.proxy.ready;
  const client = clientInTest({ port: Number(respPort), httpPort: Number(httpPort), retries: 0 });
  const counts = { acknowledged: 0, indeterminate: 0 };
  let going = true;
  const count = async () => {
    while (going) {
      try {
        await client.incr('n');
        counts.acknowledged += 1;
      } catch (error) {
        if (!isSionError(error)) throw error;
        if (error.effect === 'none') return;
        counts.indeterminate += 1;
      }
      if (counts.acknowledged === 100) killed ??= kill(sion.proxy);
    }
  };
  let killed: Promise<void> | undefined;
  await Promise.all(Array.from({ length: 20 }, count));
  going = false;
  await killed;
  await sion.startProxy();
  const patient = clientInTest({ port: Number(respPort), httpPort: Number(httpPort), timeoutMs: 0 });
  const value = Number(await patient.withCodec(stringCodec).get('n'));
  expect(counts.acknowledged).toBeGreaterThanOrEqual(100);
  expect(counts.indeterminate).toBeGreaterThan(0);
  expect(value).toBeGreaterThanOrEqual(counts.acknowledged);
  expect(value).toBeLessThanOrEqual(counts.acknowledged + counts.indeterminate);
  // The first client goes on as well, over new connections.
  expect(await client.incr('n')).toBe(value + 1);
});
