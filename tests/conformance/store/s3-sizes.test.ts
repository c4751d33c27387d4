/** Many and large uploads: bounded memory, at most so many parts, and what does not fit is refused before it is sent. */
import { openS3Store } from '@sion/aws/s3-store';
import { systemClock, systemRandom } from '@sion/components';
import { expect, test } from 'vitest';
import { S3Server, type S3ServerOptions } from '../../s3-server/s3-server.ts';
import { expectObject, pattern, written } from './exchange.ts';

const kib = 1024;
const partBytes = 64 * kib;

async function openSmall(options: S3ServerOptions & { readonly oneRequestBytes?: number } = {}) {
  const server = await S3Server.start({ ...options, limits: { minPartBytes: partBytes } });
  const store = openS3Store({
    ...{ bucket: 'bucket', region: 'us-east-1', endpoint: server.endpoint, clock: systemClock, random: systemRandom },
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    sizes: {
      ...{ uploadPartBytes: partBytes, uploadMemoryBytes: 6 * partBytes, maxUploadParts: 20 },
      ...{ oneRequestBytes: options.oneRequestBytes ?? 5 * 2 ** 30, partBytes },
    },
  });
  await store.probeConditions();
  const close = async () => {
    await store.close();
    await server.close();
  };
  return { server, store, close };
}

test('64 uploads at once go through the memory of six parts, known sizes and unknown ones, among refusals', async () => {
  const { store, server, close } = await openSmall();
  try {
    let parts = 0;
    server.fault = ({ operation }) => {
      if (operation !== 'UploadPart') return undefined;
      parts += 1;
      return parts % 30 === 0 ? { kind: 'refuse', status: 503, code: 'SlowDown' } : undefined;
    };
    const sizeOf = (index: number) => index * 5_000 + 1;
    const put = async (_: unknown, index: number) => {
      const bytes = pattern(sizeOf(index), index);
      const upload = await store.beginUpload(`${index}`, index % 2 === 0 ? bytes.length : undefined);
      for (let at = 0; at < bytes.length; at += 30_000) await upload.write(bytes.subarray(at, at + 30_000));
      written(await upload.commit({ version: `${index}` }, { kind: 'absent' }));
    };
    await Promise.all(Array.from({ length: 64 }, put));
    for (const index of [0, 7, 8, 33, 63]) {
      await expectObject(store, `${index}`, pattern(sizeOf(index), index), { version: `${index}` });
    }
    expect(server.bucket().uploads.size).toBe(0);
    expect(server.bucket().objects.size).toBe(64);
  } finally {
    await close();
  }
});

test('as many parts as S3 takes are taken; a byte more is refused, and leaves nothing', async () => {
  const { store, server, close } = await openSmall();
  try {
    const bytes = pattern(20 * partBytes);
    const upload = await store.beginUpload('a');
    await upload.write(bytes);
    written(await upload.commit({}, { kind: 'absent' }));
    await expectObject(store, 'a', bytes);
    const more = await store.beginUpload('b');
    await more.write(bytes);
    await expect(more.write(new Uint8Array(1))).rejects.toMatchObject({
      code: 'capacity',
      message: expect.stringMatching(/at most 20 parts/),
    });
    await more.abort();
    expect([...server.bucket().objects.keys()]).toEqual(['a']);
    expect(server.bucket().uploads.size).toBe(0);
  } finally {
    await close();
  }
});

test('what the server could not put in place at the end is refused at the beginning', async () => {
  const { store, server, close } = await openSmall({ lacks: ['copy', 'complete'], oneRequestBytes: 3 * partBytes });
  try {
    const refusal = { code: 'capacity', message: expect.stringMatching(/Split it, or use another S3 server/) };
    await expect(store.beginUpload('a', 3 * partBytes + 1)).rejects.toMatchObject(refusal);
    const unknown = await store.beginUpload('a');
    await unknown.write(pattern(3 * partBytes));
    await expect(unknown.write(new Uint8Array(1))).rejects.toMatchObject(refusal);
    await unknown.abort();
    expect(server.bucket().uploads.size).toBe(0);
    const fits = await store.beginUpload('a', 3 * partBytes);
    await fits.write(pattern(3 * partBytes));
    const etag = written(await fits.commit({ version: '1' }, { kind: 'absent' }));
    written(await store.replaceMetadata('a', etag, { version: '2' }));
    await expectObject(store, 'a', pattern(3 * partBytes), { version: '2' });
    // Put there by others, in whatever way.
    const large = server.bucket().put('large', Buffer.alloc(3 * partBytes + 1), {});
    await expect(store.replaceMetadata('large', `"${large.etag}"`, {})).rejects.toMatchObject(refusal);
  } finally {
    await close();
  }
});

test('content type and metadata of objects put by others are shown as they meant them', async () => {
  const { store, server, close } = await openSmall();
  try {
    const word = `=?UTF-8?B?${Buffer.from('grün').toString('base64')}?=`;
    const headers = { 'content-type': 'image/jpeg', 'x-amz-meta-Owner': 'me', 'x-amz-meta-colour': word };
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    server.bucket().put('photo', Buffer.from('jpeg'), lower);
    expect((await store.head('photo'))?.metadata).toEqual({
      contentType: 'image/jpeg',
      user: { owner: 'me', colour: 'grün' },
    });
    const metadata = {
      contentType: 'text/plain; charset=utf-8',
      user: { title: 'Über 日本 🦀', empty: '', padded: ' at both ends ' },
    };
    written(await store.put('own', Buffer.from('x'), metadata, { kind: 'absent' }));
    expect((await store.head('own'))?.metadata).toEqual(metadata);
  } finally {
    await close();
  }
});
