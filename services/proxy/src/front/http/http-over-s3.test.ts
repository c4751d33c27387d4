import { describe, expect, it, onTestFinished } from 'vitest';
import { openS3Bench, partBytes } from '../../../../../tests/conformance/store/s3-bench.ts';
import { call } from '../../../../../tests/doubles/http-client.ts';
import { serveEngine } from './engine-front.test-data.ts';

async function serve() {
  const bench = await openS3Bench({ requestMs: 10_000 });
  onTestFinished(() => bench.close());
  return { bucket: bench.server.bucket(), ...(await serveEngine(bench.store)) };
}

/** One that is put in one request, and one that is an upload in parts. */
const sizes = [1000, 6 * 2 ** 20];

describe('the HTTP front over S3', () => {
  it.each(sizes)('shows type and user metadata of %i bytes on S3, and keeps them', async (sizeBytes) => {
    const { port, bucket } = await serve();
    const target = '/v1/objects/photos/1';
    const city = Buffer.from('Zürich').toString('latin1');
    const headers = {
      'content-type': 'image/png',
      'Sion-Meta-Owner': 'anna',
      'sion-meta-city': city,
      'sion-ttl': '60',
    };
    const body = Buffer.alloc(sizeBytes, 7);
    // Not placed: function time would be in the dollars.
    const put = await call(port, { method: 'PUT', target, headers: { ...headers, 'sion-no-place': '1' }, body });
    expect(put.status).toBe(201);
    // Asked whether it is there, then put; or begun, sent in two parts, completed and copied to its name.
    const [requests, dollars] = sizeBytes < partBytes ? [2, '0.0000054'] : [6, '0.0000254'];
    expect(put.headers['server-timing']).toContain(`store-requests;desc="${requests}", dollars;desc="${dollars}"`);
    const onS3 = () => bucket.objects.get('photos/1');
    const user = { owner: 'anna', city: '=?UTF-8?B?WsO8cmljaA==?=' };
    expect(onS3()).toMatchObject({
      contentType: 'image/png',
      metadata: { ...user, 'sion-version': expect.stringMatching(/^1\.\d+$/), 'sion-expires': expect.any(String) },
    });
    expect(onS3()?.bytes.equals(body)).toBe(true);
    const patched = await call(port, { method: 'PATCH', target, headers: { 'sion-ttl': 'none' } });
    expect(patched.status).toBe(200);
    expect(onS3()).toMatchObject({ contentType: 'image/png', metadata: user });
    expect(onS3()?.metadata).not.toHaveProperty('sion-expires');
    const head = await call(port, { method: 'HEAD', target, headers: { 'if-match': patched.headers.etag ?? '' } });
    expect(head.headers).toMatchObject({
      'content-type': 'image/png',
      'sion-meta-owner': 'anna',
      'sion-meta-city': user.city,
    });
    const listed = await call(port, { target: '/v1/objects?prefix=photos/' });
    expect(JSON.parse(listed.body.toString()).objects).toMatchObject([
      { key: 'photos/1', sizeBytes, contentType: 'image/png', metadata: { owner: 'anna', city: 'Zürich' } },
    ]);
    expect((await call(port, { method: 'PUT', target, body: 'bare' })).status).toBe(200);
    expect(Object.keys(onS3()?.metadata ?? {}).filter((name) => !name.startsWith('sion-'))).toEqual([]);
  });

  it('shows what others have put with S3’s own means, and lets its expiry be set', async () => {
    const { port, bucket } = await serve();
    bucket.put('theirs', Buffer.from('from elsewhere'), {
      'content-type': 'text/csv',
      'x-amz-meta-owner': 'bert',
      'x-amz-meta-sion-note': 'not one of ours',
      'x-amz-meta-city': '=?UTF-8?Q?Z=C3=BCrich?=',
    });
    const theirs = {
      'content-type': 'text/csv',
      'sion-meta-owner': 'bert',
      'sion-meta-sion-note': 'not one of ours',
      'sion-meta-city': '=?UTF-8?B?WsO8cmljaA==?=',
    };
    const got = await call(port, { target: '/v1/objects/theirs' });
    expect(got.headers).toMatchObject(theirs);
    expect(got.headers['sion-version']).toBe(got.headers.etag);
    const patched = await call(port, { method: 'PATCH', target: '/v1/objects/theirs', headers: { 'sion-ttl': '60' } });
    expect([patched.status, patched.headers['sion-ttl']]).toEqual([200, '60']);
    const again = await call(port, { target: '/v1/objects/theirs' });
    expect([again.body.toString(), again.headers['sion-ttl']]).toEqual(['from elsewhere', '60']);
    expect(again.headers).toMatchObject(theirs);
  });

  it('lists pages of what is in the bucket', async () => {
    const { port, bucket } = await serve();
    const names = Array.from({ length: 25 }, (_, index) => `logs/${String(index).padStart(2, '0')}`);
    for (const name of names) bucket.put(name, Buffer.from(name), { 'x-amz-meta-n': name });
    bucket.put('logs/deep/1', Buffer.from('x'), {});
    const seen: string[] = [];
    const prefixes: string[] = [];
    let after: string | undefined = '';
    while (after !== undefined) {
      const query = `prefix=logs/&delimiter=/&limit=10&after=${encodeURIComponent(after)}`;
      const page = JSON.parse((await call(port, { target: `/v1/objects?${query}` })).body.toString());
      for (const { key, metadata } of page.objects) {
        expect(metadata).toEqual({ n: key });
        seen.push(key);
      }
      for (const { prefix } of page.prefixes) prefixes.push(prefix);
      after = page.next;
    }
    expect([seen, prefixes]).toEqual([names, ['logs/deep/']]);
  });
});
