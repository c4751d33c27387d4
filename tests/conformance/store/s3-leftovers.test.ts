/** What writers that died left in the bucket is cleared away, all of it, and nothing else. */
import { expect, test } from 'vitest';
import { putNew, text } from './exchange.ts';
import { openS3Bench } from './s3-bench.ts';

test('more than a page of each is cleared away; what is not SION’s, or is new, stays', async () => {
  const { store, server, close } = await openS3Bench({ requestMs: 5000 });
  try {
    const bucket = server.bucket();
    for (let count = 0; count < 1203; count += 1) {
      bucket.beginUpload(`.sion/uploads/${count % 1100}`, {});
      bucket.put(`.sion/uploads/${count}`, Buffer.from('staged'), {});
    }
    bucket.beginUpload('a', {});
    bucket.beginUpload('other/.sion/uploads/a', {});
    bucket.beginUpload('.sion/uploadsX', {});
    bucket.put('.sion/probe-of-somebody-right-now', Buffer.from('x'), {});
    const old = bucket.put('.sion/probe-old', Buffer.from('x'), {});
    bucket.objects.set('.sion/probe-old', { ...old, modifiedMs: old.modifiedMs - 7_200_000 });
    await putNew(store, '.sion/lease', text('lease'));
    await putNew(store, 'a', text('a'));
    await store.clearLeftovers?.();
    expect([...bucket.objects.keys()].sort()).toEqual(['.sion/lease', '.sion/probe-of-somebody-right-now', 'a']);
    expect([...bucket.uploads.values()].map(({ key }) => key)).toEqual([
      'a',
      'other/.sion/uploads/a',
      '.sion/uploadsX',
    ]);
  } finally {
    await close();
  }
});

test('one that cannot be cleared away does not keep the others, and is told', async () => {
  const { store, server, close } = await openS3Bench({ requestMs: 5000 });
  try {
    for (const name of ['a', 'b', 'c']) server.bucket().beginUpload(`.sion/uploads/${name}`, {});
    server.fault = ({ operation, key }) => {
      if (operation !== 'AbortMultipartUpload') return undefined;
      if (key.endsWith('/b')) return { kind: 'refuse', status: 403, code: 'AccessDenied' };
      // Somebody else was faster.
      return key.endsWith('/c') ? { kind: 'refuse', status: 404, code: 'NoSuchUpload' } : undefined;
    };
    await expect(store.clearLeftovers?.()).rejects.toThrow(/AccessDenied/);
    expect([...server.bucket().uploads.values()].map(({ key }) => key)).toEqual(['.sion/uploads/b', '.sion/uploads/c']);
  } finally {
    await close();
  }
});
