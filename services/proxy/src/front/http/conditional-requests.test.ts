import { describe, expect, it } from 'vitest';
import { call } from '../../../../../tests/doubles/http-client.ts';
import { frontNowMs as nowMs, serveHttp } from '../../../../../tests/doubles/http-front.ts';
import { formatHttpDate } from './http-date.ts';

const methods = ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'] as const;

const earlier = formatHttpDate(nowMs - 5000);
const same = formatHttpDate(nowMs);
const later = formatHttpDate(nowMs + 5000);

/** Statuses in the order of `methods`. */
const holds = [200, 200, 200, 200, 204];
const failed = [412, 412, 412, 412, 412];
const unchanged = [304, 304, 412, 412, 412];
const unread = [304, 304, 200, 200, 204];
const missing = [404, 404, 201, 404, 404];

/** Conditions on an object whose tag is "1", with the statuses when it is there and when it is not. */
const table: readonly (readonly [Record<string, string>, readonly number[], readonly number[]])[] = [
  [{}, holds, missing],
  [{ 'if-match': '*' }, holds, failed],
  [{ 'if-match': '"1"' }, holds, failed],
  [{ 'if-match': '"x", "1"' }, holds, failed],
  [{ 'if-match': '"x"' }, failed, failed],
  [{ 'if-match': 'W/"1"' }, failed, failed],
  [{ 'if-none-match': '*' }, unchanged, missing],
  [{ 'if-none-match': '"1"' }, unchanged, missing],
  [{ 'if-none-match': 'W/"1"' }, unchanged, missing],
  [{ 'if-none-match': '"x" , W/"1"' }, unchanged, missing],
  [{ 'if-none-match': '"x"' }, holds, missing],
  [{ 'if-modified-since': earlier }, holds, missing],
  [{ 'if-modified-since': same }, unread, missing],
  [{ 'if-modified-since': later }, unread, missing],
  [{ 'if-modified-since': 'yesterday' }, holds, missing],
  [{ 'if-unmodified-since': earlier }, failed, missing],
  [{ 'if-unmodified-since': same }, holds, missing],
  [{ 'if-unmodified-since': later }, holds, missing],
  [{ 'if-unmodified-since': 'yesterday' }, holds, missing],
  // A tag is preferred to a date; both kinds of tags are looked at.
  [{ 'if-match': '"1"', 'if-unmodified-since': earlier }, holds, failed],
  [{ 'if-none-match': '"x"', 'if-modified-since': same }, holds, missing],
  [{ 'if-match': '"1"', 'if-none-match': '"1"' }, unchanged, failed],
  [{ 'if-match': '"x"', 'if-none-match': '"1"' }, failed, failed],
  [{ 'if-unmodified-since': same, 'if-modified-since': same }, unread, missing],
  // Without a Range it means nothing.
  [{ 'if-range': '"x"' }, holds, missing],
];

describe('conditions', () => {
  it.each(table)('%j', async (conditions, present, absent) => {
    const { port } = await serveHttp();
    for (const [index, method] of methods.entries()) {
      for (const [key, expected] of [
        [`there-${method}`, present],
        [`absent-${method}`, absent],
      ] as const) {
        const target = `/v1/objects/${key}`;
        let etag = '"1"';
        if (expected === present) {
          const put = await call(port, { method: 'PUT', target, body: 'one' });
          etag = put.headers.etag ?? '';
        }
        const headers = {
          ...(method === 'PATCH' ? { 'sion-ttl': '60' } : {}),
          ...Object.fromEntries(Object.entries(conditions).map(([name, text]) => [name, text.replace('"1"', etag)])),
        };
        const answer = await call(port, { method, target, headers, ...(method === 'PUT' ? { body: 'two' } : {}) });
        expect([method, key, answer.status]).toEqual([method, key, expected[index]]);
        const after = await call(port, { target });
        if (answer.status === 412) expect(after.body.toString().slice(0, 3)).toBe(expected === present ? 'one' : '{"e');
      }
    }
  });

  it.each(methods)('that are no lists of tags are refused on %s', async (method) => {
    const { port } = await serveHttp();
    for (const [name, value] of [
      ['if-match', 'x'],
      ['if-match', '"x" "y"'],
      ['if-none-match', '"x'],
      ['if-none-match', '*, "x"'],
    ] as const) {
      const headers = { [name]: value, ...(method === 'PATCH' ? { 'sion-ttl': '60' } : {}) };
      const answer = await call(port, { method, target: '/v1/objects/a', headers });
      expect([name, value, answer.status]).toEqual([name, value, 400]);
    }
  });
});

describe('If-Range', () => {
  it.each([
    ['bytes=0-0', '"1"', 206, 'o'],
    ['bytes=0-0', 'W/"1"', 200, 'one'],
    ['bytes=0-0', '"x"', 200, 'one'],
    ['bytes=0-0', same, 206, 'o'],
    ['bytes=0-0', earlier, 200, 'one'],
    ['bytes=0-0', later, 200, 'one'],
    ['bytes=0-0', 'yesterday', 200, 'one'],
    ['bytes=-1', '"1"', 206, 'e'],
    ['bytes=9-', '"1"', 416, undefined],
    ['bytes=9-', '"x"', 200, 'one'],
    ['bytes=-0', '"1"', 416, undefined],
    ['bytes=-0', '"x"', 200, 'one'],
    ['bytes=0-0,2-2', '"1"', 200, 'one'],
  ])('%s if %s is %i', async (range, ifRange, status, body) => {
    const { port } = await serveHttp();
    const target = '/v1/objects/a';
    await call(port, { method: 'PUT', target, body: 'one' });
    const answer = await call(port, { target, headers: { range, 'if-range': ifRange } });
    expect(answer.status).toBe(status);
    if (body !== undefined) expect(answer.body.toString()).toBe(body);
    const head = await call(port, { method: 'HEAD', target, headers: { range, 'if-range': ifRange } });
    expect([head.status, head.headers['content-length']]).toEqual([200, '3']);
    expect((await call(port, { target: '/v1/objects/none', headers: { range, 'if-range': ifRange } })).status).toBe(
      404,
    );
  });

  it('comes after the other conditions', async () => {
    const { port } = await serveHttp();
    const target = '/v1/objects/a';
    await call(port, { method: 'PUT', target, body: 'one' });
    for (const range of ['bytes=0-0', 'bytes=9-', 'bytes=-0']) {
      for (const [condition, status] of [
        [{ 'if-match': '"x"' }, 412],
        [{ 'if-none-match': '"1"' }, 304],
        [{ 'if-unmodified-since': earlier }, 412],
      ] as const) {
        const answer = await call(port, { target, headers: { range, ...condition } });
        expect([range, condition, answer.status]).toEqual([range, condition, status]);
      }
    }
  });
});
