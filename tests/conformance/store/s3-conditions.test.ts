/** A server that ignores conditions is found out, named, and refused or gone around; large objects are copied in parts. */
import { expect, test } from 'vitest';
import type { S3Lack } from '../../s3-server/bucket.ts';
import { expectObject, pattern, putNew, putOver, text, written } from './exchange.ts';
import { openS3Bench, partBytes, type S3BenchOptions } from './s3-bench.ts';

async function withBench<T>(
  options: S3BenchOptions,
  run: (bench: Awaited<ReturnType<typeof openS3Bench>>) => Promise<T>,
): Promise<T> {
  const bench = await openS3Bench({ requestMs: 5000, ...options });
  try {
    return await run(bench);
  } finally {
    await bench.close();
  }
}

test('a server with all conditions lacks nothing, and the trial leaves nothing behind', () =>
  withBench({}, async ({ store, server }) => {
    expect(await store.probeConditions()).toEqual([]);
    expect(server.bucket().objects.size).toBe(0);
    expect(server.bucket().uploads.size).toBe(0);
  }));

test.each<[S3Lack, RegExp]>([
  ['create', /ignores If-None-Match on PUT.*SION_STORE=directory/],
  ['replace', /ignores If-Match on PUT.*SION_STORE=directory/],
])('a server that ignores %s is refused', (lack, message) =>
  withBench({ lacks: [lack] }, async ({ store }) => {
    await expect(store.probeConditions()).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(message),
    });
  }),
);

test('a bucket that is not there is named', () =>
  withBench({ bucket: 'other' }, async ({ store }) => {
    await expect(store.probeConditions()).rejects.toThrow(/NoSuchBucket.*SION_S3_BUCKET/);
  }));

test.each<[S3Lack, RegExp]>([
  ['copy', /CopyObject/],
  ['complete', /CompleteMultipartUpload/],
  ['delete', /DELETE/],
])('a server that ignores %s is named', (lack, sentence) =>
  withBench({ lacks: [lack] }, async ({ store }) => {
    expect(await store.probeConditions()).toEqual([expect.stringMatching(sentence)]);
  }),
);

test('where copies ignore conditions, uploads and metadata stay conditional', () =>
  withBench({ lacks: ['copy', 'complete', 'delete'] }, async ({ store, server }) => {
    await store.probeConditions();
    const bytes = pattern(partBytes + 5000);
    const upload = await store.beginUpload('a');
    await upload.write(bytes);
    const first = await putNew(store, 'a', text('first'));
    expect(await upload.commit({}, { kind: 'absent' })).toEqual({ kind: 'conflict' });
    const second = written(await upload.commit({ version: '2' }, { kind: 'match', etag: first }));
    await expectObject(store, 'a', bytes, { version: '2' });
    expect(await store.replaceMetadata('a', first, {})).toEqual({ kind: 'conflict' });
    written(await store.replaceMetadata('a', second, { version: '3', expiresAtMs: 9 }));
    await expectObject(store, 'a', bytes, { version: '3', expiresAtMs: 9 });
    expect(await store.delete('a', first)).toEqual({ kind: 'conflict' });
    expect(server.calls.filter(({ operation, key }) => operation === 'CopyObject' && key === 'a')).toEqual([]);
    expect([...server.bucket().objects.keys()]).toEqual(['a']);
  }));

test('where copies ignore conditions, one that breaks off on the way changes nothing', () =>
  withBench({ lacks: ['copy'] }, async ({ store, server }) => {
    await store.probeConditions();
    const bytes = pattern(2_000_000);
    const etag = await putNew(store, 'a', bytes, { version: '1' });
    server.fault = ({ operation }) =>
      operation === 'GetObject' ? { kind: 'cut-body', afterBytes: 1_000_000 } : undefined;
    await expect(store.replaceMetadata('a', etag, {})).rejects.toMatchObject({ code: 'unavailable' });
    server.fault = () => undefined;
    await expectObject(store, 'a', bytes, { version: '1' });
  }));

test('what is too large for one copy is copied in parts, under the same conditions', () =>
  withBench({ oneRequestBytes: 2 * partBytes }, async ({ store, server }) => {
    const bytes = pattern(2 * partBytes + 77);
    const upload = await store.beginUpload('a', bytes.length);
    await upload.write(bytes);
    const first = await putNew(store, 'a', text('first'));
    expect(await upload.commit({}, { kind: 'absent' })).toEqual({ kind: 'conflict' });
    const second = written(await upload.commit({ version: '2' }, { kind: 'match', etag: first }));
    await expectObject(store, 'a', bytes, { version: '2' });
    const third = written(await store.replaceMetadata('a', second, { version: '3' }));
    await expectObject(store, 'a', bytes, { version: '3' });
    expect(await store.replaceMetadata('a', first, {})).toEqual({ kind: 'conflict' });
    await putOver(store, 'a', third, text('small'));
    expect(server.bucket().uploads.size).toBe(0);
    expect([...server.bucket().objects.keys()]).toEqual(['a']);
  }));
