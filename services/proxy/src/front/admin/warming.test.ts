import { request } from 'node:http';
import { silentLog } from '@sion/components';
import { SionError } from '@sion/wire';
import { afterEach, expect, it } from 'vitest';
import { call } from '../../../../../tests/doubles/http-client.ts';
import { statusOf } from '../../../../../tests/doubles/http-front.ts';
import { createManualClock } from '../../../../../tests/doubles/manual-clock.ts';
import { createMemoryObjects } from '../../../../../tests/doubles/memory-objects.ts';
import { createMetrics } from '../../metrics/counted-metrics.ts';
import { createExposition } from '../../metrics/exposition.ts';
import type { Objects, WarmOutcome } from '../../objects/objects.ts';
import { type AdminServer, createAdminServer } from './admin-server.ts';

let server: AdminServer | undefined;
const clock = createManualClock();

afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** With `count` objects of 10 bytes below `k/`, and one beside them. */
async function serve(count: number, warm: Objects['warm']): Promise<number> {
  const objects = createMemoryObjects({ nowMs: () => 0 });
  const keys = Array.from({ length: count }, (_, at) => `k/${at}`);
  for (const key of [...keys, 'other']) {
    await objects.mutate(key, {
      needs: 'nothing',
      decide: () => ({ kind: 'write', bytes: new Uint8Array(10), result: 0 }),
    });
  }
  const status = statusOf('serving');
  server = await createAdminServer({
    ...{ objects: { ...objects, warm }, status, clock, log: silentLog },
    exposition: createExposition(createMetrics(), status),
    settings: { adminHost: '127.0.0.1', adminPort: 0, adminHosts: '', maxKeyBytes: 512 },
  });
  return server.port;
}

async function warmedBy(port: number) {
  const { status, headers, body } = await call(port, { method: 'POST', target: '/v1/warm?prefix=k%2F' });
  expect([status, headers['content-type']]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
  return body
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

it('warms all keys with the prefix, a few at a time, and sums up', async () => {
  let [busy, most] = [0, 0];
  const outcomes: readonly WarmOutcome[] = ['placed', 'held', 'placed', 'missing', 'refused'];
  const port = await serve(1205, async (key) => {
    most = Math.max(most, ++busy);
    await new Promise((resolve) => setImmediate(resolve));
    busy--;
    return outcomes[Number(key.slice(2)) % 5] ?? 'held';
  });
  const lines = await warmedBy(port);
  expect(lines.at(-1)).toEqual({ placed: 482, held: 241, missing: 241, refused: 241, bytes: 4820, done: true });
  expect(most).toBe(8);
});

it('passes over what cannot be read, and says what ended it early', async () => {
  let left = 3;
  const port = await serve(20, async () => {
    left--;
    throw left > 0 ? new SionError('corrupt', 'bad bytes') : new SionError('unavailable', 'the store is away');
  });
  expect(await warmedBy(port)).toEqual([{ error: { code: 'unavailable', message: 'the store is away' } }]);
  expect(left).toBeGreaterThan(-10);
});

it('tells how far it is, and ends when its client leaves', async () => {
  const began = Promise.withResolvers<AbortSignal | undefined>();
  let count = 0;
  const port = await serve(100, async (_, signal) => {
    count++;
    if (count <= 50) return 'placed';
    if (count === 58) began.resolve(signal);
    return await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
  });
  const asked = request({ host: '127.0.0.1', port, method: 'POST', path: '/v1/warm?prefix=k%2F', agent: false });
  asked.on('error', () => {});
  asked.end();
  const line = new Promise<string>((resolve) =>
    asked.on('response', (answer) => answer.on('error', () => {}).once('data', (piece) => resolve(String(piece)))),
  );
  const signal = await began.promise;
  clock.advance(1000);
  expect(JSON.parse(await line)).toEqual({ placed: 50, held: 0, missing: 0, refused: 0, bytes: 500 });
  const aborted = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
  asked.destroy();
  await aborted;
  expect(count).toBe(58);
  while (clock.pendingTimers() > 0) await new Promise((resolve) => setImmediate(resolve));
});

it('refuses a fifth warming at a time', async () => {
  const port = await serve(
    1,
    (_, signal) => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
  );
  const answers = Array.from({ length: 5 }, () => call(port, { method: 'POST', target: '/v1/warm?prefix=' }));
  const first = await Promise.race(answers);
  expect([first.status, JSON.parse(first.body.toString())]).toMatchObject([507, { error: { code: 'capacity' } }]);
  await server?.close();
  server = undefined;
  await Promise.allSettled(answers);
});
