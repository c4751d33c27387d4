/** Every method against the real fronts over one double of the engine: what goes in over one way comes out over both. */
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { stringCodec } from './codec.ts';
import { serveClient } from './fronts.test-data.ts';

const largeBytes = 1000;

async function all<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const entry of entries) found.push(entry);
  return found;
}

const large = Buffer.from(Uint32Array.from({ length: 10_000 }, (_, at) => at * 2654435761).buffer);

/** Keys that a path, a query or a text might fold or break. */
const keys = ['plain', 'a/b//c/', '.', '..', 'a/../b', 'ü€𝄞', 'a b+c%20?#&=', '', Buffer.from([0, 255, 10, 13, 128])];

describe('values', () => {
  it.each(keys.map((key) => [key]))('of the key %j are the same over both ways', async (key) => {
    const { client } = await serveClient({ largeBytes });
    for (const value of [Buffer.alloc(0), Buffer.from('small'), large]) {
      expect(await client.set(key, value)).toBe(true);
      expect((await client.get(key))?.equals(value)).toBe(true);
      expect(Buffer.concat((await (await client.getStream(key))?.toArray()) ?? []).equals(value)).toBe(true);
      expect((await client.head(key))?.sizeBytes).toBe(value.length);
      expect(await client.size(key)).toBe(value.length);
    }
    expect(await client.del(key)).toBe(1);
    expect(await client.get(key)).toBeNull();
    expect(await client.getStream(key)).toBeNull();
    expect(await client.head(key)).toBeNull();
    expect(await client.exists(key)).toBe(false);
    expect(await client.ttl(key)).toBeNull();
  });

  it('of mixed sizes come in the order of their keys', async () => {
    const { client } = await serveClient({ largeBytes });
    await client.mset([
      ['a', 'small'],
      ['b', large],
      ['c', ''],
    ]);
    const values = await client.mget(['c', 'nothing', 'b', 'a', 'b']);
    expect(values.map((value) => value?.length)).toEqual([0, undefined, large.length, 5, large.length]);
    expect(await client.mget([])).toEqual([]);
  });

  it('in part', async () => {
    const { client } = await serveClient({ largeBytes });
    await client.mset({ large, empty: '', small: 'abc' });
    expect(await client.getRange('large', 10, 19)).toEqual(large.subarray(10, 20));
    expect(await client.getRange('large', 0, 9999)).toEqual(large.subarray(0, 10_000));
    expect(await client.getRange('large', 39_999, 50_000)).toEqual(large.subarray(39_999));
    expect(await client.getRange('small', 1, 9)).toEqual(Buffer.from('bc'));
    expect(await client.getRange('small', 3, 9)).toEqual(Buffer.alloc(0));
    expect(await client.getRange('empty', 0, 0)).toEqual(Buffer.alloc(0));
    expect(await client.getRange('nothing', 0, 0)).toBeNull();
    await expect(client.getRange('small', 2, 1)).rejects.toMatchObject({ code: 'invalid' });
    const stream = await client.getStream('large', { start: 39_000, end: 39_099 });
    expect(Buffer.concat((await stream?.toArray()) ?? [])).toEqual(large.subarray(39_000, 39_100));
    expect(stream?.info.sizeBytes).toBe(large.length);
  });
});

describe('streams', () => {
  it.each([
    ['a Readable', () => Readable.from([large, large])],
    ['a web stream', () => new Blob([large, large]).stream()],
    [
      'an async iterable',
      () =>
        (async function* () {
          yield large;
          yield large;
        })(),
    ],
    ['bytes', () => Buffer.concat([large, large])],
  ])('from %s', async (_, source) => {
    const { client } = await serveClient();
    const both = Buffer.concat([large, large]);
    const stored = await client.setStream('k', source(), {
      metadata: { 'Taken-By': 'me' },
      contentType: 'a/b',
      ttl: 50,
    });
    expect(stored?.created).toBe(true);
    const info = await client.head('k');
    expect(info).toMatchObject({ sizeBytes: both.length, contentType: 'a/b', ttl: 50, metadata: { 'taken-by': 'me' } });
    expect(info?.etag).toBe(stored?.etag);
    const web = await client.getWebStream('k');
    const read = await new Response(web as ConstructorParameters<typeof Response>[0]).arrayBuffer();
    expect(Buffer.from(read).equals(both)).toBe(true);
    expect(await client.setStream('k', source(), { ifAbsent: true })).toBeNull();
    expect(await client.setStream('k', source(), { ifMatch: '"other"' })).toBeNull();
    expect((await client.setStream('k', source(), { ifMatch: info?.etag }))?.created).toBe(false);
  });

  it('of nothing', async () => {
    const { client } = await serveClient();
    expect((await client.setStream('k', Readable.from([])))?.created).toBe(true);
    expect((await client.setStream('k', ''))?.created).toBe(false);
    expect(await (await client.getStream('k'))?.toArray()).toEqual([]);
  });
});

describe('conditions and lifetimes', () => {
  it.each([
    ['small', 'v'],
    ['large', large],
  ])('of %s values', async (_, value) => {
    const { client } = await serveClient({ largeBytes });
    expect(await client.set('k', value, { ifPresent: true })).toBe(false);
    expect(await client.set('k', value, { ifAbsent: true, ttl: 7 })).toBe(true);
    expect(await client.set('k', value, { ifAbsent: true })).toBe(false);
    expect(await client.ttl('k')).toBe(7);
    expect(await client.set('k', value, { ifPresent: true, keepTtl: true })).toBe(true);
    expect(await client.ttl('k')).toBe(7);
    expect(await client.set('k', value, { ttlMs: 1500 })).toBe(true);
    expect(await client.ttlMs('k')).toBe(1500);
    expect(await client.set('k', value)).toBe(true);
    expect(await client.ttl('k')).toBe(Number.POSITIVE_INFINITY);
    const etag = (await client.head('k'))?.etag;
    expect(await client.set('k', value, { ifMatch: etag })).toBe(true);
    expect(await client.set('k', value, { ifMatch: etag })).toBe(false);
  });

  it('are set and taken away', async () => {
    const { client } = await serveClient();
    expect(await client.expire('k', 5)).toBe(false);
    await client.set('k', 'v');
    expect(await client.expire('k', 5, { ifExpiry: 'any' })).toBe(false);
    expect(await client.expire('k', 5, { ifExpiry: 'none' })).toBe(true);
    expect(await client.expire('k', { ttlMs: 6_500 }, { ifExpiry: 'earlier' })).toBe(true);
    expect(await client.expire('k', 60, { ifExpiry: 'later' })).toBe(false);
    expect(await client.ttlMs('k')).toBe(6_500);
    expect(await client.persist('k')).toBe(true);
    expect(await client.persist('k')).toBe(false);
  });

  it.each([
    [{ ttl: 1, ttlMs: 1 }],
    [{ ttl: 0 }],
    [{ ttl: Number.NaN }],
    [{ ttl: -1 }],
    [{ expiresAt: new Date('never') }],
    [{ ifAbsent: true, ifPresent: true }],
    [{ ifAbsent: true, ifMatch: '"1"' }],
    [{ keepTtl: true, ttl: 1 }],
    [{ keepTtl: true, ifMatch: '"1"' }],
    [{ timeoutMs: -1 }],
  ])('that contradict themselves are refused: %o', async (options) => {
    const { client } = await serveClient();
    await expect(client.set('k', 'v', options)).rejects.toMatchObject({ code: 'invalid', effect: 'none' });
    expect(await client.exists('k')).toBe(false);
  });
});

describe('commands', () => {
  it('count', async () => {
    const { client } = await serveClient();
    expect(await client.incr('n')).toBe(1);
    expect(await client.incrBy('n', 41)).toBe(42);
    expect(await client.decr('n')).toBe(41);
    expect(await client.decrBy('n', 40)).toBe(1);
    expect(await client.incrByFloat('n', 0.5)).toBe(1.5);
    await expect(client.incrBy('n', 0.5)).rejects.toMatchObject({ code: 'invalid' });
    await client.set('big', '9007199254740991');
    await expect(client.incr('big')).rejects.toThrow('9007199254740992');
  });

  it('swap, remove, append, rename and copy', async () => {
    const { client } = await serveClient();
    const texts = client.withCodec(stringCodec);
    expect(await texts.getSet('k', 'a', { ttl: 9 })).toBeNull();
    expect(await texts.getSet('k', 'b', { keepTtl: true })).toBe('a');
    expect(await texts.ttl('k')).toBe(9);
    expect(await texts.append('k', 'c')).toBe(2);
    expect(await texts.copy('k', 'l')).toBe(true);
    expect(await texts.copy('k', 'l')).toBe(false);
    expect(await texts.copy('k', 'l', { replace: true })).toBe(true);
    expect(await texts.copy('nothing', 'm')).toBe(false);
    expect(await texts.rename('k', 'l', { ifAbsent: true })).toBe(false);
    expect(await texts.rename('k', 'l')).toBe(true);
    expect(await texts.rename('k', 'l')).toBe(false);
    expect(await texts.getDel('l')).toBe('bc');
    expect(await texts.getDel('l')).toBeNull();
    expect(await client.ping()).toBeGreaterThan(0);
    expect(await client.command('STRLEN', ['k'], { reads: true })).toBe('0');
  });

  it('list and scan, page by page', async () => {
    const { client } = await serveClient();
    const names = Array.from({ length: 25 }, (_, at) => `dir/${String.fromCharCode(97 + (at % 5))}/${at}`);
    await client.mset(names.map((name) => [name, name] as const));
    await client.set(Buffer.from([0xff]), 'x');
    const listed = await all(client.list({ prefix: 'dir/', pageSize: 4 }));
    expect(listed.map(({ key }) => key)).toEqual(names.toSorted());
    expect(listed[0]).toMatchObject({ kind: 'object', sizeBytes: 7, expires: undefined, metadata: {} });
    const folders = await all(client.list({ prefix: 'dir/', delimiter: '/', pageSize: 2 }));
    expect(folders.map((entry) => (entry.kind === 'prefix' ? entry.prefix : ''))).toEqual(
      ['a', 'b', 'c', 'd', 'e'].map((name) => `dir/${name}/`),
    );
    const binary = await all(client.list({ prefix: Buffer.from([0xff]) }));
    expect(binary.map(({ keyBytes }) => keyBytes)).toEqual([Buffer.from([0xff])]);
    const scanned = await all(client.scan({ match: 'dir/a/*', count: 3 }));
    expect(scanned.toSorted()).toEqual(names.filter((name) => name.startsWith('dir/a/')).toSorted());
    expect(await all(client.scanBytes({ match: '[^d]*' }))).toEqual([Buffer.from([0xff])]);
  });

  it('of several keys tell which failed', async () => {
    const { client } = await serveClient();
    const long = 'x'.repeat(600);
    const call = client.mset({ a: '1', [long]: '2', b: '3' });
    const error = await call.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'invalid', effect: 'none' });
    expect([...(error as { failures: Map<string, unknown> }).failures.keys()]).toEqual([long]);
    expect(await client.withCodec(stringCodec).mget(['a', 'b'])).toEqual(['1', '3']);
  });
});
