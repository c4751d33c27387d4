import { silentLog, systemClock } from '@sion/components';
import { afterEach, describe, expect, it } from 'vitest';
import { call, callRaw, errorOf } from '../../../../../tests/doubles/http-client.ts';
import { statusOf } from '../../../../../tests/doubles/http-front.ts';
import { createMemoryObjects } from '../../../../../tests/doubles/memory-objects.ts';
import { createMetrics } from '../../metrics/counted-metrics.ts';
import { createExposition } from '../../metrics/exposition.ts';
import type { Key, ObjectPlaces } from '../../objects/objects.ts';
import { type AdminServer, type AdminServerParts, createAdminServer } from './admin-server.ts';
import { refusalReason } from './same-site.ts';

const places: ObjectPlaces = {
  version: '1.1',
  dataChunks: 1,
  parityChunks: 1,
  fragments: [['a', 'b']],
  complete: true,
};
const servers: AdminServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function serve(adminHosts = '', replaced: Partial<AdminServerParts['objects']> = {}): Promise<number> {
  const status = statusOf('serving');
  const metrics = createMetrics();
  metrics.countPut('store', 5, 0.1);
  const server = await createAdminServer({
    objects: {
      ...createMemoryObjects({ nowMs: () => 0 }),
      places: (key: Key) => (key === 'held/\0' ? places : undefined),
      ...replaced,
    },
    status,
    clock: systemClock,
    exposition: createExposition(metrics, status),
    log: silentLog,
    settings: { adminHost: '127.0.0.1', adminPort: 0, adminHosts, maxKeyBytes: 512 },
  });
  servers.push(server);
  return server.port;
}

describe('the administration port', () => {
  it('gives metrics, status, places and health', async () => {
    const port = await serve();
    const metrics = await call(port, { target: '/metrics' });
    expect(metrics.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(metrics.body.toString()).toMatch(/^sion_puts_total\{durability="store"\} 1$/m);
    const status = await call(port, { target: '/v1/status' });
    expect(JSON.parse(status.body.toString())).toEqual(statusOf('serving').status());
    const held = await call(port, { target: '/v1/status/objects/held/%00' });
    expect(JSON.parse(held.body.toString())).toEqual(places);
    expect((await call(port, { target: '/healthz' })).status).toBe(200);
  });

  it('says that an object goes past memory', async () => {
    const info = async () => ({ sizeBytes: 2 ** 33, etag: '"1"', version: '1.7', modifiedMs: 0 });
    const port = await serve('', { info });
    const told = await call(port, { target: '/v1/status/objects/huge' });
    expect(JSON.parse(told.body.toString())).toEqual({
      ...{ version: '1.7', dataChunks: 0, parityChunks: 0, fragments: [], complete: false },
      bypassed: { sizeBytes: 2 ** 33, maxPlacedBytes: 2 ** 30 },
    });
  });

  it('says what it does not have', async () => {
    const port = await serve();
    const unheld = await call(port, { target: '/v1/status/objects/other' });
    expect([unheld.status, errorOf(unheld).code]).toEqual([404, 'not-found']);
    const broken = await call(port, { target: '/v1/status/objects/%zz' });
    expect([broken.status, errorOf(broken).code]).toEqual([400, 'invalid']);
    const nowhere = await call(port, { target: '/nowhere' });
    expect([nowhere.status, errorOf(nowhere).code]).toEqual([404, 'not-found']);
    const post = await call(port, { method: 'POST', target: '/v1/status', body: 'x'.repeat(10) });
    expect(post.status).toBe(404);
  });

  it('invalidates a key or all that begin with a prefix', async () => {
    const forgotten: string[] = [];
    const port = await serve('', {
      invalidate: async (key) => forgotten.push(`key ${key}`) > 0,
      invalidatePrefix: async (prefix) => forgotten.push(`prefix ${prefix}`) + 40,
    });
    const post = async (target: string) => {
      const { status, body } = await call(port, { method: 'POST', target });
      return [status, JSON.parse(body.toString())];
    };
    expect(await post('/v1/invalidate?key=a%2Fb%00')).toEqual([200, { invalidated: 1 }]);
    expect(await post('/v1/invalidate?prefix=a/')).toEqual([200, { invalidated: 42 }]);
    expect(await post('/v1/invalidate?prefix=')).toEqual([200, { invalidated: 43 }]);
    expect(forgotten).toEqual(['key a/b\0', 'prefix a/', 'prefix ']);
    for (const target of ['/v1/invalidate', '/v1/invalidate?key=a&prefix=b', '/v1/invalidate?kye=a', '/v1/warm']) {
      expect(await post(target)).toMatchObject([400, { error: { code: 'invalid' } }]);
    }
    const page = { origin: 'http://evil.example', 'content-length': 0 };
    const refused = await call(port, { method: 'POST', target: '/v1/invalidate?prefix=', headers: page });
    expect([refused.status, forgotten.length]).toEqual([403, 3]);
  });

  it('answers only to its own names', async () => {
    const port = await serve('sion.example');
    const ask = async (headers: Record<string, string>) => (await call(port, { target: '/v1/status', headers })).status;
    expect(await ask({ host: 'evil.example' })).toBe(403);
    expect(await ask({ host: `evil.example:${port}` })).toBe(403);
    expect(await ask({ host: 'sion.example' })).toBe(200);
    expect(await ask({ host: `localhost:${port}` })).toBe(200);
    expect(await ask({ origin: 'http://evil.example' })).toBe(403);
    expect(await ask({ origin: 'null' })).toBe(403);
    expect(await ask({ host: `localhost:${port}`, origin: `http://localhost:${port}` })).toBe(200);
    expect(await ask({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await ask({ 'sec-fetch-site': 'none' })).toBe(200);
    const refused = await call(port, { target: '/metrics', headers: { host: 'evil.example' } });
    expect([errorOf(refused).code, refused.body.toString()]).toEqual([
      'forbidden',
      expect.stringContaining('SION_ADMIN_HOSTS'),
    ]);
  });
});

describe('requests that a client sends without waiting', () => {
  const get = 'GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const last = 'GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  const answers = (text: string) => text.split('HTTP/1.1 200').length - 1;

  it('are served, but not when they are very many', async () => {
    const port = await serve();
    expect(answers(await callRaw(port, get.repeat(20) + last))).toBe(21);
    expect(answers(await callRaw(port, get.repeat(500) + last).catch(() => ''))).toBeLessThan(500);
  });
});

describe('names and origins', () => {
  it.each(['localhost', 'LOCALHOST:6384', '127.0.0.1', '127.8.0.1:1', '[::1]:6384'])('knows %s', (host) => {
    expect(refusalReason({ host }, [])).toBeUndefined();
  });

  it.each([
    '',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '1127.0.0.1',
    'a@localhost',
    'localhost:x',
    '::1',
    '0.0.0.0',
  ])('does not know %j', (host) => {
    expect(refusalReason({ host }, [])).toMatch(/not a name of this server/);
  });
});
