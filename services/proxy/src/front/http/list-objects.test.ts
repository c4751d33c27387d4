import { SionError } from '@sion/wire';
import { describe, expect, it } from 'vitest';
import { call, errorOf } from '../../../../../tests/doubles/http-client.ts';
import { frontNowMs as nowMs, serveHttp } from '../../../../../tests/doubles/http-front.ts';
import { createMemoryObjects } from '../../../../../tests/doubles/memory-objects.ts';
import type { KeyPage, ListRequest, Objects } from '../../objects/objects.ts';

const info = { sizeBytes: 3, etag: '"1"', version: '1.1', modifiedMs: nowMs };

/** A front whose listing is `page`, and what it was asked for. */
async function serveListing(page: KeyPage): Promise<{ port: number; asked: ListRequest[] }> {
  const asked: ListRequest[] = [];
  const list: Objects['list'] = async (request) => {
    asked.push(request);
    if (request.after === 'no-page-gave-this') throw new SionError('invalid', 'no page gave it');
    return page;
  };
  const { port } = await serveHttp({ objects: { ...createMemoryObjects({ nowMs: () => nowMs }), list } });
  return { port, asked };
}

const none: KeyPage = { objects: [], commonPrefixes: [] };

describe('the listing', () => {
  it('describes what it finds, keys that are no text too', async () => {
    const { port } = await serveListing({
      objects: [
        { key: Buffer.from('Zürich/1 %', 'utf8').toString('latin1'), info },
        {
          key: 'a/../\xff',
          info: { ...info, expiresAtMs: nowMs + 60_001, contentType: 'text/plain', user: { owner: 'anna' } },
        },
        { key: '', info },
      ],
      commonPrefixes: ['photos/', '\xfe/'],
      next: 'opaque',
    });
    const answer = await call(port, { target: '/v1/objects' });
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(answer.headers['sion-request-id']).toMatch(/^[0-9a-f]{16}$/);
    const modified = '2023-11-14T22:13:20.000Z';
    const common = { sizeBytes: 3, etag: '"1"', version: '1.1', modified };
    expect(JSON.parse(answer.body.toString())).toEqual({
      objects: [
        { key: 'Zürich/1 %', path: '/v1/objects/Z%C3%BCrich/1%20%25', ...common },
        {
          keyBase64: Buffer.from('a/../\xff', 'latin1').toString('base64'),
          path: '/v1/objects/a%2F..%2F%FF',
          ...common,
          expires: '2023-11-14T22:14:20.001Z',
          contentType: 'text/plain',
          metadata: { owner: 'anna' },
        },
        { key: '', path: '/v1/objects/', ...common },
      ],
      prefixes: [
        { prefix: 'photos/', path: '/v1/objects/photos/' },
        { prefixBase64: '/i8=', path: '/v1/objects/%FE/' },
      ],
      next: 'opaque',
    });
  });

  it('answers HEAD with the length of its GET', async () => {
    const { port } = await serveListing(none);
    const got = await call(port, { target: '/v1/objects' });
    const head = await call(port, { method: 'HEAD', target: '/v1/objects' });
    expect(got.body.toString()).toBe('{"objects":[],"prefixes":[]}\n');
    expect([head.status, head.headers['content-length'], head.body.byteLength]).toEqual([200, '29', 0]);
  });

  it.each([
    ['', { prefix: '', limit: 1000 }],
    ['?', { prefix: '', limit: 1000 }],
    ['?prefix=a%2Fb%FF&limit=1', { prefix: 'a/b\xff', limit: 1 }],
    ['?prefix=a+b%2B&delimiter=/&after=x%3D&', { prefix: 'a b+', delimiter: '/', after: 'x=', limit: 1000 }],
    ['?delimiter=&after=&prefix', { prefix: '', limit: 1000 }],
  ])('reads the query %s', async (query, request) => {
    const { port, asked } = await serveListing(none);
    expect((await call(port, { target: `/v1/objects${query}` })).status).toBe(200);
    expect(asked).toEqual([request]);
  });

  it.each([
    ['?limit=0', /limit=0 is not a whole number from 1 to 1000/],
    ['?limit=1001', /from 1 to 1000/],
    ['?limit=1e2', /from 1 to 1000/],
    ['?limit=', /from 1 to 1000/],
    ['?prefx=a', /"prefx" is unknown here. Known are prefix, delimiter, after, limit/],
    ['?prefix=a&prefix=b', /prefix is given twice/],
    ['?prefix=%4', /"%4"; "%" must be followed/],
    ['?prefix=a#b', /%23/],
    [`?prefix=${'x'.repeat(513)}`, /513 bytes; keys have at most 512/],
    [`?delimiter=${'x'.repeat(513)}`, /513 bytes/],
    ['?after=no-page-gave-this', /no page gave it/],
  ])('refuses the query %s', async (query, message) => {
    const { port } = await serveListing(none);
    const answer = await call(port, { target: `/v1/objects${query}` });
    expect([answer.status, errorOf(answer).code]).toEqual([400, 'invalid']);
    expect(errorOf(answer).message).toMatch(message);
  });

  it('takes no headers of objects, and no body', async () => {
    const { port } = await serveListing(none);
    const headed = await call(port, { target: '/v1/objects', headers: { 'sion-ttl': '5' } });
    expect(errorOf(headed).message).toMatch(
      /unknown for the path \/v1\/objects. It belongs to PUT and PATCH of an object/,
    );
    expect(errorOf(await call(port, { target: '/v1/objects', body: 'x' })).message).toMatch(/takes no body/);
  });
});
