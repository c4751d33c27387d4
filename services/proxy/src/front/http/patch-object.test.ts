import { describe, expect, it } from 'vitest';
import { call, errorOf } from '../../../../../tests/doubles/http-client.ts';
import { frontNowMs as nowMs, serveHttp } from '../../../../../tests/doubles/http-front.ts';
import { createMemoryObjects } from '../../../../../tests/doubles/memory-objects.ts';

const target = '/v1/objects/a';

const patch = (port: number, headers: Record<string, string>, body?: string) =>
  call(port, { method: 'PATCH', target, headers, ...(body === undefined ? {} : { body }) });

describe('PATCH of an object', () => {
  it('changes the expiry and nothing else', async () => {
    const { port } = await serveHttp();
    const kept = { 'content-type': 'text/plain', 'sion-meta-owner': 'anna' };
    await call(port, { method: 'PUT', target, body: 'one', headers: { ...kept, 'sion-ttl': '9' } });
    const patched = await patch(port, { 'sion-ttl': '60' });
    expect([patched.status, patched.body.byteLength]).toEqual([200, 0]);
    expect(patched.headers).toMatchObject({ etag: '"1"', 'sion-version': '1.2', 'sion-ttl': '60' });
    const got = await call(port, { target });
    expect(got.headers).toMatchObject({ ...kept, 'sion-version': '1.2', 'sion-ttl': '60' });
    expect(got.body.toString()).toBe('one');
    const forEver = await patch(port, { 'sion-ttl': 'None' });
    expect([forEver.status, forEver.headers['sion-version'], forEver.headers['sion-ttl']]).toEqual([
      200,
      '1.3',
      undefined,
    ]);
    expect((await call(port, { target })).headers['sion-ttl']).toBeUndefined();
  });

  it('changes nothing where nothing is to be changed', async () => {
    const { port } = await serveHttp();
    await call(port, { method: 'PUT', target, body: 'one' });
    const patched = await patch(port, { 'sion-ttl': 'none' });
    expect([patched.status, patched.headers.etag, patched.headers['sion-version']]).toEqual([200, '"1"', '1.1']);
  });

  it('finds no object that is not there or has expired', async () => {
    let now = nowMs;
    const { port } = await serveHttp({ objects: createMemoryObjects({ nowMs: () => now }) });
    expect((await patch(port, { 'sion-ttl': '60' })).status).toBe(404);
    await call(port, { method: 'PUT', target, body: 'one', headers: { 'sion-ttl': '1' } });
    now += 1000;
    const late = await patch(port, { 'sion-ttl': '60' });
    expect([late.status, errorOf(late).code]).toEqual([404, 'not-found']);
  });

  it.each([
    [{}, undefined, /Send that header/],
    [{ 'sion-ttl': '0' }, undefined, /from 1 to 9999999999, nor none/],
    [{ 'sion-ttl': '60', 'content-type': 'text/plain' }, undefined, /content-type is changed by a PUT/],
    [{ 'sion-ttl': '60' }, 'new bytes', /takes no body. PUT the whole object/],
    [{ 'sion-ttl': '60', 'sion-meta-a': 'b' }, undefined, /sion-meta-a is unknown for PATCH. It belongs to PUT/],
    [{ 'sion-ttl': '60', 'sion-no-place': '1' }, undefined, /sion-no-place is unknown for PATCH/],
  ])('refuses %j', async (headers, body, message) => {
    const { port } = await serveHttp();
    await call(port, { method: 'PUT', target, body: 'one' });
    const answer = await patch(port, headers, body);
    expect([answer.status, errorOf(answer).code]).toEqual([400, 'invalid']);
    expect(errorOf(answer).message).toMatch(message);
    expect((await call(port, { target })).headers['sion-version']).toBe('1.1');
  });
});
