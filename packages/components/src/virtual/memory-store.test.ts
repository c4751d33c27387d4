import { describe, expect, it } from 'vitest';
import { VirtualStore } from './memory-store.ts';

const absent = { kind: 'absent' } as const;

describe('ETags of the virtual store', () => {
  it('are another one with each write', async () => {
    const store = new VirtualStore({ wallMs: () => 0 });
    const first = await store.put('a', Buffer.from('same'), {}, absent);
    const second = await store.put('b', Buffer.from('same'), {}, absent);
    expect(first).not.toEqual(second);
  });

  it('may be those of S3: they come back with the bytes, and metadata do not matter', async () => {
    const store = new VirtualStore({ wallMs: () => 0, etags: 'content' });
    const first = await store.put('a', Buffer.from('same'), {}, absent);
    expect(await store.put('b', Buffer.from('same'), { contentType: 'x/y' }, absent)).toEqual(first);
    expect(await store.put('c', Buffer.from('other'), {}, absent)).not.toEqual(first);
    if (first.kind !== 'written') throw new Error('not written');
    expect(await store.replaceMetadata('a', first.etag, { expiresAtMs: 1 })).toEqual(first);
  });

  it('uploads that others have begun can be cleared away', async () => {
    const store = new VirtualStore({ wallMs: () => 0 });
    const [own, other] = [await store.beginUpload('a'), await store.beginUpload('b')];
    store.clearUploads(new Set([own]));
    expect(store.openUploads).toBe(1);
    await expect(other.commit({}, absent)).rejects.toMatchObject({ code: 'closed' });
    expect(await own.commit({}, absent)).toMatchObject({ kind: 'written' });
  });
});
