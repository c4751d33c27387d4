import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { call, callRaw, errorOf } from '../../../../../tests/doubles/http-client.ts';
import { serveHttp, testSettings } from '../../../../../tests/doubles/http-front.ts';
import { originForm, resourceOf, resources } from './resources.ts';

/** A target of each resource. */
const targets = Object.values(resources).map(
  (resource) => [resource, resource.path.replace('{key}', 'a%2Fb')] as const,
);

describe('what the front serves', () => {
  it('is found by its target', () => {
    for (const [resource, target] of targets) expect(resourceOf(target)).toBe(resource);
    expect(resourceOf('/v1/objects/')).toBe(resources.object);
    expect(resourceOf('/v1/objects?prefix=/v1/objects/')).toBe(resources.listing);
    expect(resourceOf('/healthz?now')).toBe(resources.health);
    for (const target of ['/', '', '*', '/v1', '/v1/objectsx', '/healthz/', '//healthz', '/%zz']) {
      expect(resourceOf(target)).toBeUndefined();
    }
  });

  it('is found by whole URLs, which proxies send', async () => {
    expect(originForm('HTTP://host:1/v1/objects/a')).toBe('/v1/objects/a');
    expect(originForm('http://host?x')).toBe('/?x');
    expect(originForm('/v1/objects/http://x/y')).toBe('/v1/objects/http://x/y');
    const { port } = await serveHttp();
    await call(port, { method: 'PUT', target: 'http://elsewhere/v1/objects/a', body: 'one' });
    expect((await call(port, { target: '/v1/objects/a' })).body.toString()).toBe('one');
  });

  it.each(targets)('$path names its methods on OPTIONS and on 405', async (resource, target) => {
    const { port } = await serveHttp();
    const allow = [...resource.methods, 'OPTIONS'].join(', ');
    const options = await call(port, { method: 'OPTIONS', target });
    expect([options.status, options.headers.allow, options.body.byteLength]).toEqual([204, allow, 0]);
    expect(options.headers['sion-request-id']).toBeDefined();
    for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'POST', 'TRACE', 'COPY', 'PROPFIND']) {
      if (resource.methods.includes(method)) continue;
      const refused = await call(port, { method, target });
      expect([method, refused.status, refused.headers.allow]).toEqual([method, 405, allow]);
      expect(errorOf(refused)).toMatchObject({
        code: 'method-not-allowed',
        requestId: refused.headers['sion-request-id'],
      });
    }
  });

  it('answers OPTIONS of the server as a whole', async () => {
    const { port } = await serveHttp();
    const answer = await call(port, { method: 'OPTIONS', target: '*' });
    expect([answer.status, answer.headers.allow]).toEqual([204, 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS']);
  });

  it('gives request ids everywhere', async () => {
    const { port } = await serveHttp();
    for (const target of ['/healthz', '/readyz', '/v1/objects/none', '/none', '/%zz']) {
      const answer = await call(port, { target, headers: { 'x-request-id': 'mine' } });
      expect([target, answer.headers['sion-request-id'], answer.headers['x-request-id']]).toEqual([
        target,
        'mine',
        'mine',
      ]);
    }
    expect((await call(port, { target: '/healthz' })).headers['sion-request-id']).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe('what Node would answer by itself', () => {
  it.each([
    ['a tunnel', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', 405, 'method-not-allowed'],
    ['no Host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'invalid'],
    [
      'another expectation',
      'GET /healthz HTTP/1.1\r\nHost: a\r\nExpect: a-pony\r\nConnection: close\r\n\r\n',
      417,
      'invalid',
    ],
    ['a method that no parser knows', 'FROB /healthz HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'invalid'],
    ['a broken path', 'GET /%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 404, 'not-found'],
    ['another version', 'GET /healthz HTTP/3.7\r\nHost: a\r\n\r\n', 400, 'invalid'],
  ])('has a code and an id: %s', async (_name, bytes, status, code) => {
    const { port } = await serveHttp();
    const text = await callRaw(port, bytes);
    const [head = '', body = ''] = text.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    const id = /^sion-request-id: (.*)$/im.exec(head)?.[1];
    expect(errorOf({ body: Buffer.from(body) })).toMatchObject({ code, requestId: id });
  });

  it('tells a connection above the limit why it is closed, and takes one again when another has gone', async () => {
    const { port } = await serveHttp({ settings: { ...testSettings, maxHttpConnections: 1 } });
    const first = connect({ host: '127.0.0.1', port });
    await once(first, 'connect');
    first.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(first, 'data');
    const text = await callRaw(port, '');
    expect(text).toMatch(/^HTTP\/1.1 503 Service Unavailable\r\n/);
    expect(text).toMatch(
      /retry-after: 1\r\n[^]*"code":"unavailable","message":"There are 1 connections already.*raise/i,
    );
    first.destroy();
    await vi.waitFor(async () => expect((await call(port, { target: '/healthz' })).status).toBe(200));
  });

  it('takes HTTP/1.0 without a Host', async () => {
    const { port } = await serveHttp();
    expect(await callRaw(port, 'GET /healthz HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 200 [^]*\{"status":"alive"\}\n$/);
  });

  it('reads every header field, however many there are', async () => {
    const { port } = await serveHttp();
    await call(port, { method: 'PUT', target: '/v1/objects/a', body: 'one' });
    const many = 'a:\r\n'.repeat(2500);
    const text = await callRaw(
      port,
      `GET /v1/objects/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${many}If-Match: "other"\r\n\r\n`,
    );
    expect(text).toMatch(/^HTTP\/1.1 412 /);
  });
});
