import { SionError } from '@sion/wire';
import { describe, expect, it } from 'vitest';
import { call, callRaw, errorOf, type HttpCall } from '../../../../../tests/doubles/http-client.ts';
import { frontNowMs as nowMs, serveHttp, statusOf, testSettings } from '../../../../../tests/doubles/http-front.ts';
import { createMemoryObjects } from '../../../../../tests/doubles/memory-objects.ts';
import type { Objects } from '../../objects/objects.ts';

const put = (port: number, key: string, body: string, headers: Record<string, string> = {}) =>
  call(port, { method: 'PUT', target: `/v1/objects/${key}`, body, headers });

describe('objects over HTTP', () => {
  it('puts, gets, overwrites and deletes', async () => {
    const { port } = await serveHttp();
    const created = await put(port, 'a', 'one', { 'content-type': 'text/plain; charset=utf-8' });
    expect([created.status, created.headers.etag, created.headers['sion-version']]).toEqual([201, '"1"', '1.1']);
    expect(created.body).toHaveLength(0);
    const got = await call(port, { target: '/v1/objects/a' });
    expect([got.status, got.body.toString()]).toEqual([200, 'one']);
    expect(got.headers).toMatchObject({
      etag: '"1"',
      'sion-version': '1.1',
      'content-type': 'text/plain; charset=utf-8',
      'content-length': '3',
      'accept-ranges': 'bytes',
      'last-modified': 'Tue, 14 Nov 2023 22:13:20 GMT',
    });
    expect(got.headers['server-timing']).toMatch(
      /^tier;desc="memory", nodes;desc="1", store-requests;desc="0", dollars;desc="0", first-byte;dur=\d+\.\d{3}$/,
    );
    expect(got.headers['sion-ttl']).toBeUndefined();
    const replaced = await put(port, 'a', 'two');
    expect([replaced.status, replaced.headers.etag]).toEqual([200, '"2"']);
    expect((await call(port, { target: '/v1/objects/a' })).body.toString()).toBe('two');
    expect((await call(port, { method: 'DELETE', target: '/v1/objects/a' })).status).toBe(204);
    const gone = await call(port, { target: '/v1/objects/a' });
    expect([gone.status, errorOf(gone).code]).toEqual([404, 'not-found']);
    const missing = await call(port, { method: 'DELETE', target: '/v1/objects/a' });
    expect([missing.status, errorOf(missing).code]).toEqual([404, 'not-found']);
  });

  it('lets no stored document act for who opens it in a browser', async () => {
    const { port } = await serveHttp();
    for (const [type, policy] of [
      ['text/html; charset=utf-8', 'sandbox'],
      ['application/xhtml+xml', 'sandbox'],
      ['image/SVG+xml', 'sandbox'],
      ['text/xml', 'sandbox'],
      ['image/png', undefined],
      ['text/plain', undefined],
    ] as const) {
      await put(port, 'a', 'one', { 'content-type': type });
      const { headers } = await call(port, { target: '/v1/objects/a' });
      expect([type, headers['content-security-policy'], headers['x-content-type-options']]).toEqual([
        type,
        policy,
        'nosniff',
      ]);
    }
  });

  it('answers HEAD as GET without the bytes', async () => {
    const { port } = await serveHttp();
    await put(port, 'a', 'twelve bytes', { 'sion-ttl': '60' });
    const head = await call(port, { method: 'HEAD', target: '/v1/objects/a' });
    expect([head.status, head.headers['content-length'], head.body.byteLength]).toEqual([200, '12', 0]);
    expect(head.headers).toMatchObject({
      etag: '"1"',
      'sion-version': '1.1',
      'sion-ttl': '60',
      'accept-ranges': 'bytes',
    });
    expect((await call(port, { method: 'HEAD', target: '/v1/objects/b' })).status).toBe(404);
  });

  it('keeps empty objects, the empty key, and keys of any bytes apart', async () => {
    const { port, objects } = await serveHttp();
    for (const [target, value] of [
      ['', 'empty'],
      ['a/b', 'slash'],
      ['a%00b', 'zero'],
      ['%ff%FE', 'high'],
      ['a%2fb%2F', 'encoded'],
      ['..', 'dots'],
      ['x', ''],
    ] as const) {
      expect((await put(port, target, value)).status).toBe(201);
      expect((await call(port, { target: `/v1/objects/${target}` })).body.toString()).toBe(value);
    }
    expect(objects.keys()).toEqual(['', 'a/b', 'a\0b', '\xff\xfe', 'a/b/', '..', 'x']);
    expect((await put(port, 'a%2Fb', 'again')).status).toBe(200);
  });

  it('lets objects expire, and tells what is left', async () => {
    let now = nowMs;
    const objects = createMemoryObjects({ nowMs: () => now });
    const { port } = await serveHttp({ objects });
    await put(port, 'a', 'short', { 'sion-ttl': '10' });
    now += 9001;
    expect((await call(port, { target: '/v1/objects/a' })).headers['sion-ttl']).toBe('1');
    now += 1000;
    expect((await call(port, { target: '/v1/objects/a' })).status).toBe(404);
  });

  it('serves one range, and says what it is', async () => {
    const { port } = await serveHttp();
    await put(port, 'a', '0123456789');
    await put(port, 'empty', '');
    const cases: [string, number, string, string | undefined][] = [
      ['bytes=0-0', 206, '0', 'bytes 0-0/10'],
      ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
      ['bytes=7-', 206, '789', 'bytes 7-9/10'],
      ['bytes=7-99', 206, '789', 'bytes 7-9/10'],
      ['bytes=-3', 206, '789', 'bytes 7-9/10'],
      ['bytes=-99', 200, '0123456789', undefined],
      ['bytes=0-', 200, '0123456789', undefined],
      ['bytes=0-1,4-5', 200, '0123456789', undefined],
      ['lines=1-2', 200, '0123456789', undefined],
    ];
    for (const [range, status, body, contentRange] of cases) {
      const answer = await call(port, { target: '/v1/objects/a', headers: { range } });
      expect([range, answer.status, answer.body.toString(), answer.headers['content-range']]).toEqual([
        range,
        status,
        body,
        contentRange,
      ]);
    }
    for (const [key, range, size] of [
      ['a', 'bytes=10-', 10],
      ['a', 'bytes=99-100', 10],
      ['a', 'bytes=-0', 10],
      ['empty', 'bytes=0-', 0],
      ['empty', 'bytes=-1', 0],
    ] as const) {
      const answer = await call(port, { target: `/v1/objects/${key}`, headers: { range } });
      expect([range, answer.status, answer.headers['content-range'], errorOf(answer).code]).toEqual([
        range,
        416,
        `bytes */${size}`,
        'range-not-satisfiable',
      ]);
    }
  });

  it('decides conditions on the version that is there', async () => {
    const { port } = await serveHttp();
    const once = { 'if-none-match': '*' };
    expect((await put(port, 'a', 'one', once)).status).toBe(201);
    const refused = await put(port, 'a', 'two', once);
    expect([refused.status, errorOf(refused).code]).toEqual([412, 'precondition-failed']);
    expect((await put(port, 'a', 'two', { 'if-match': '"9"' })).status).toBe(412);
    expect((await put(port, 'a', 'two', { 'if-match': '"1"' })).status).toBe(200);
    expect((await call(port, { target: '/v1/objects/a' })).body.toString()).toBe('two');
    const known = await call(port, { target: '/v1/objects/a', headers: { 'if-none-match': '"2"' } });
    expect([known.status, known.headers.etag, known.body.byteLength]).toEqual([304, '"2"', 0]);
    expect((await call(port, { target: '/v1/objects/a', headers: { 'if-none-match': '"1"' } })).status).toBe(200);
    expect((await call(port, { target: '/v1/objects/a', headers: { 'if-match': '"1"' } })).status).toBe(412);
    expect((await call(port, { target: '/v1/objects/none', headers: { 'if-match': '*' } })).status).toBe(412);
    expect(
      (await call(port, { method: 'HEAD', target: '/v1/objects/a', headers: { 'if-none-match': '"2"' } })).status,
    ).toBe(304);
    const range = { range: 'bytes=0-0' };
    expect((await call(port, { target: '/v1/objects/a', headers: { ...range, 'if-range': '"1"' } })).status).toBe(200);
    expect((await call(port, { target: '/v1/objects/a', headers: { ...range, 'if-range': '"2"' } })).status).toBe(206);
    expect(
      (await call(port, { method: 'DELETE', target: '/v1/objects/a', headers: { 'if-match': '"1"' } })).status,
    ).toBe(412);
    expect(
      (await call(port, { method: 'DELETE', target: '/v1/objects/a', headers: { 'if-match': '"2"' } })).status,
    ).toBe(204);
  });

  it('hands durability and placement on', async () => {
    const seen: unknown[] = [];
    const objects = createMemoryObjects({ nowMs: () => nowMs });
    const mutate: Objects['mutate'] = (key, mutation, options) => {
      seen.push([options?.durability, options?.place]);
      return objects.mutate(key, mutation, options);
    };
    const { port } = await serveHttp({ objects: { ...objects, mutate } });
    await put(port, 'a', '1');
    await put(port, 'a', '1', { 'sion-durability': 'Store', 'sion-no-place': '1' });
    await put(port, 'a', '1', { 'sion-no-place': 'false' });
    expect(seen).toEqual([
      [undefined, undefined],
      ['store', false],
      [undefined, true],
    ]);
  });

  it('gives each request an id, the client’s own if it has one', async () => {
    const { port } = await serveHttp();
    const first = await call(port, { target: '/v1/objects/none' });
    const second = await call(port, { target: '/v1/objects/none' });
    expect(first.headers['sion-request-id']).toMatch(/^[0-9a-f]{16}$/);
    expect(errorOf(first).requestId).toBe(first.headers['sion-request-id']);
    expect(second.headers['sion-request-id']).not.toBe(first.headers['sion-request-id']);
    const named = await call(port, { target: '/v1/objects/none', headers: { 'x-request-id': 'mine-1' } });
    expect([named.headers['sion-request-id'], named.headers['x-request-id'], errorOf(named).requestId]).toEqual([
      'mine-1',
      'mine-1',
      'mine-1',
    ]);
    const odd = await call(port, { target: '/v1/objects/none', headers: { 'x-request-id': 'a b' } });
    expect(odd.headers['sion-request-id']).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('bad requests', () => {
  const cases: readonly (readonly [string, HttpCall, number, string, RegExp])[] = [
    ['a broken percent', { target: '/v1/objects/a%4' }, 400, 'invalid', /"%4".*%25/],
    ['a raw question mark', { target: '/v1/objects/a?b' }, 400, 'invalid', /%3F/],
    ['a long key', { target: `/v1/objects/${'k'.repeat(513)}` }, 400, 'invalid', /513 bytes; at most 512/],
    [
      'a broken range',
      { target: '/v1/objects/a', headers: { range: 'bytes=2-1' } },
      400,
      'invalid',
      /bytes=first-last/,
    ],
    ['a broken tag', { target: '/v1/objects/a', headers: { 'if-match': 'x' } }, 400, 'invalid', /double quotes/],
    [
      'an unknown Sion header',
      { target: '/v1/objects/a', headers: { 'sion-tll': '5' } },
      400,
      'invalid',
      /sion-tll is unknown for GET/,
    ],
    ['a TTL of zero', putWith({ 'sion-ttl': '0' }), 400, 'invalid', /whole number of seconds from 1/],
    ['a TTL with a fraction', putWith({ 'sion-ttl': '1.5' }), 400, 'invalid', /whole number/],
    ['two TTLs', putWith({ 'sion-ttl': '5, 6' }), 400, 'invalid', /whole number/],
    ['an empty durability', putWith({ 'sion-durability': ' ' }), 400, 'invalid', /is empty.*leave it out/],
    ['an unknown durability', putWith({ 'sion-durability': 'tape' }), 400, 'invalid', /store, journal or memory/],
    ['an odd switch', putWith({ 'sion-no-place': 'yes' }), 400, 'invalid', /1 or 0/],
    ['an empty switch', putWith({ 'sion-no-place': '' }), 400, 'invalid', /1 or 0/],
    ['an encoded body', putWith({ 'content-encoding': 'gzip' }), 415, 'unsupported-media', /would not be kept/],
    ['a partial PUT', putWith({ 'content-range': 'bytes 0-1/2' }), 400, 'invalid', /whole object/],
    ['an odd type', putWith({ 'content-type': 'text' }), 415, 'unsupported-media', /Content-Type is malformed/],
    ['a long type', putWith({ 'content-type': `text/${'x'.repeat(260)}` }), 400, 'invalid', /at most 256/],
    ['a body on GET', { target: '/v1/objects/a', body: 'x' }, 400, 'invalid', /GET takes no body/],
    [
      'a body on DELETE',
      { method: 'DELETE', target: '/v1/objects/a', body: 'x' },
      400,
      'invalid',
      /DELETE takes no body/,
    ],
    [
      'another method',
      { method: 'POST', target: '/v1/objects/a', body: 'x' },
      405,
      'method-not-allowed',
      /GET, HEAD, PUT, PATCH, DELETE/,
    ],
    ['another path', { target: '/v2/things' }, 404, 'not-found', /No such path.*\/docs/],
    [
      'a large object',
      putWith({ 'content-length': String(testSettings.maxHttpObjectBytes + 1) }, ''),
      413,
      'too-large',
      /limit of SION_MAX_HTTP_OBJECT_BYTES/,
    ],
  ];

  it.each(cases)('refuses %s', async (_name, options, status, code, message) => {
    const { port, objects } = await serveHttp();
    const answer = await call(port, options);
    const error = errorOf(answer);
    expect([answer.status, error.code]).toEqual([status, code]);
    expect(error.message).toMatch(message);
    expect(error.requestId).toBe(answer.headers['sion-request-id']);
    expect([objects.stagedCount(), objects.keys()]).toEqual([0, []]);
  });

  it('names the methods of objects in Allow', async () => {
    const { port } = await serveHttp();
    const answer = await call(port, { method: 'POST', target: '/v1/objects/a' });
    expect(answer.headers.allow).toBe('GET, HEAD, PUT, PATCH, DELETE, OPTIONS');
  });

  it.each([
    ['no HTTP at all', 'GARBAGE\r\n\r\n', 400, /not a valid HTTP/],
    [
      'a length that is no number',
      'PUT /v1/objects/a HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n',
      400,
      /not a valid/,
    ],
    [
      'two lengths',
      'PUT /v1/objects/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
      400,
      /not a valid/,
    ],
    [
      'length and chunks',
      'PUT /v1/objects/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
      /not a valid/,
    ],
    [
      'a chunk size that is no number',
      'PUT /v1/objects/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n',
      400,
      /not a valid/,
    ],
    ['headers without end', `GET /v1/objects/a HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(20_000)}`, 431, /16384 bytes/],
  ])('answers %s on the bare socket and closes', async (_name, bytes, status, message) => {
    const { port, objects } = await serveHttp();
    const text = await callRaw(port, bytes);
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(text).toMatch(message);
    expect(text).toMatch(/Connection: close/);
    expect([objects.stagedCount(), objects.keys()]).toEqual([0, []]);
  });
});

describe('errors of the engine', () => {
  it.each([
    ['invalid', 400, undefined],
    ['unavailable', 503, '1'],
    ['indeterminate', 504, undefined],
    ['capacity', 507, undefined],
    ['corrupt', 500, undefined],
    ['closed', 503, '1'],
    ['internal', 500, undefined],
  ] as const)('%s is %i', async (code, status, retryAfter) => {
    const fail = async () => {
      throw new SionError(code, 'it went wrong here');
    };
    const objects = createMemoryObjects({ nowMs: () => nowMs });
    const { port } = await serveHttp({ objects: { ...objects, read: fail, info: fail, mutate: fail } });
    for (const answer of [
      await call(port, { target: '/v1/objects/a' }),
      await put(port, 'a', 'x'),
      await call(port, { method: 'DELETE', target: '/v1/objects/a' }),
    ]) {
      expect([answer.status, errorOf(answer).code, answer.headers['retry-after']]).toEqual([status, code, retryAfter]);
      expect(errorOf(answer).message).toMatch(code === 'internal' ? /report it/ : /it went wrong here/);
    }
    expect((await call(port, { method: 'HEAD', target: '/v1/objects/a' })).status).toBe(status);
    expect(objects.stagedCount()).toBe(0);
  });

  it('keeps the text of defects to the log', async () => {
    const read = async () => {
      throw new TypeError('secret is not a function');
    };
    const { port } = await serveHttp({ objects: { ...createMemoryObjects({ nowMs: () => nowMs }), read } });
    const answer = await call(port, { target: '/v1/objects/a' });
    expect([answer.status, errorOf(answer).code]).toEqual([500, 'internal']);
    expect(answer.body.toString()).not.toContain('secret');
  });
});

describe('health', () => {
  it.each(['starting', 'serving', 'draining', 'fenced'] as const)(
    'is alive and ready only when serving: %s',
    async (state) => {
      const { port } = await serveHttp({ status: statusOf(state) });
      expect((await call(port, { target: '/healthz' })).status).toBe(200);
      const ready = await call(port, { target: '/readyz' });
      expect([ready.status, JSON.parse(ready.body.toString())]).toEqual([state === 'serving' ? 200 : 503, { state }]);
    },
  );
});

function putWith(headers: Record<string, string>, body = 'x'): HttpCall {
  return { method: 'PUT', target: '/v1/objects/a', body, headers };
}
