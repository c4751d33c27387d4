/** What the proxy's metrics say of requests to S3, and of their price, is what an S3 server counted. */

import type { Store } from '@sion/components';
import { priceBook, s3RequestUsd } from '@sion/core';
import { CountedMetrics, MeteredStore } from '@sion/proxy';
import { expect, test } from 'vitest';
import type { S3Operation } from '../../s3-server/s3-call.ts';
import type { S3Server } from '../../s3-server/s3-server.ts';
import { pattern, putNew, putOver, text, written } from './exchange.ts';
import { openS3Bench, partBytes, type S3BenchOptions } from './s3-bench.ts';

/** Of what S3 bills: a write, a read, or nothing. */
const classes: Readonly<Record<S3Operation, 'write' | 'read' | 'free'>> = {
  HeadBucket: 'read',
  ListObjectsV2: 'write',
  ListMultipartUploads: 'write',
  HeadObject: 'read',
  GetObject: 'read',
  PutObject: 'write',
  CopyObject: 'write',
  DeleteObject: 'free',
  CreateMultipartUpload: 'write',
  UploadPart: 'write',
  UploadPartCopy: 'write',
  CompleteMultipartUpload: 'write',
  AbortMultipartUpload: 'free',
};

const usdOf = {
  write: priceBook['s3-write-request'].usd,
  read: priceBook['s3-read-request'].usd,
  free: 0,
} as const;

function expectSame({ calls }: S3Server, metrics: CountedMetrics): void {
  const { storeRequests, costUsd } = metrics.snapshot();
  const count = (...operations: readonly S3Operation[]) =>
    calls.filter(({ operation }) => operations.includes(operation)).length;
  const { head, get, put, upload, metadata, delete: deleted, list } = storeRequests;
  expect({ head, get, list, deleted }).toEqual({
    head: count('HeadObject'),
    get: count('GetObject'),
    list: count('ListObjectsV2', 'ListMultipartUploads'),
    deleted: count('DeleteObject', 'AbortMultipartUpload'),
  });
  expect(put + upload + metadata).toBe(calls.filter(({ operation }) => classes[operation] === 'write').length - list);
  const billed = calls.reduce((sum, { operation }) => sum + usdOf[classes[operation]], 0);
  expect(costUsd.store).toBeCloseTo(billed, 12);
}

async function useAll(store: Store): Promise<void> {
  await store.claim();
  const first = await putNew(store, 'a', text('one'), { version: '1' });
  expect(await store.put('a', text('x'), {}, { kind: 'absent' })).toEqual({ kind: 'conflict' });
  const second = await putOver(store, 'a', first, text('two'));
  written(await store.replaceMetadata('a', second, { version: '2' }));
  await putNew(store, 'b', text('b'));
  await store.list('', { limit: 10 });
  await store.list('', { limit: 10, namesOnly: true });
  const large = await store.beginUpload('large');
  await large.write(pattern(2 * partBytes + 1));
  written(await large.commit({}, { kind: 'absent' }));
  const given = await store.beginUpload('given-up');
  await given.write(pattern(partBytes + 1));
  await given.abort();
  const small = await store.beginUpload('small', 3);
  await small.write(text('abc'));
  written(await small.commit({}, { kind: 'absent' }));
  const got = await store.get('large');
  if (got.kind === 'hit') got.body.cancel();
  await store.get('a', { range: { start: 50, end: 60 } });
  await store.delete('b', '"other"');
  expect(await store.head('none')).toBeUndefined();
}

test.each<S3BenchOptions>([{}, { lacks: ['copy', 'complete', 'delete'] }, { oneRequestBytes: 2 * partBytes }])(
  'requests and dollars are those that the server counted (%j)',
  async (options) => {
    const { store, server, close } = await openS3Bench({ requestMs: 5000, ...options });
    try {
      await store.probeConditions();
      const metrics = new CountedMetrics();
      await useAll(new MeteredStore(store, metrics, s3RequestUsd(priceBook)));
      expect(server.calls.length).toBeGreaterThan(30);
      expectSame(server, metrics);
    } finally {
      await close();
    }
  },
);

test('what failed is counted when it was sent, and not when it was not', async () => {
  const { store, server, close } = await openS3Bench();
  const metrics = new CountedMetrics();
  const metered = new MeteredStore(store, metrics, s3RequestUsd(priceBook));
  server.fault = ({ operation }) =>
    operation === 'PutObject' ? { kind: 'refuse', status: 503, code: 'SlowDown' } : { kind: 'lose' };
  await expect(metered.put('a', text('x'), {}, { kind: 'absent' })).rejects.toMatchObject({ code: 'unavailable' });
  await expect(metered.head('a')).rejects.toMatchObject({ code: 'unavailable' });
  expectSame(server, metrics);
  await server.close();
  await expect(metered.head('a')).rejects.toMatchObject({ code: 'unavailable' });
  expect(metrics.snapshot().storeRequests.head).toBe(1);
  await close();
});
