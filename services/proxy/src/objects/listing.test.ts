import { compareNames, nameOfKey } from '@sion/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createWorld, failing, overwrite, payload, remove, valueOf, type World } from './engine-world.test-data.ts';
import type { Key, KeyPage, ListRequest } from './objects.ts';

async function listAll(world: World, request: Omit<ListRequest, 'after'>) {
  const objects: Key[] = [];
  const commonPrefixes: Key[] = [];
  const pages: KeyPage[] = [];
  let after: string | undefined;
  do {
    const page = await world.engine.list({ ...request, ...(after === undefined ? {} : { after }) });
    expect(page.objects.length + page.commonPrefixes.length).toBeLessThanOrEqual(request.limit);
    objects.push(...page.objects.map(({ key }) => key));
    commonPrefixes.push(...page.commonPrefixes);
    pages.push(page);
    after = page.next;
  } while (after !== undefined);
  return { objects, commonPrefixes, pages };
}

/** Puts objects without the engine's knowledge. */
async function fill(world: World, keys: Iterable<Key>, metadata = {}): Promise<void> {
  for (const key of new Set(keys)) await world.store.put(nameOfKey(key), payload(3), metadata, { kind: 'absent' });
}

function byName(keys: Iterable<Key>): readonly Key[] {
  return [...new Set(keys)].sort((a, b) => compareNames(nameOfKey(a), nameOfKey(b)));
}

const letters = ['a', 'b', '/', '/', '.', ' ', ':', '\xc3', '\xa9', '%'];
const someKey = fc.string({ unit: fc.constantFrom(...letters), maxLength: 6 });
const longKey = fc.tuple(someKey, fc.constantFrom('\x00', '/\x00')).map(([start, unit]) => start + unit.repeat(250));

describe('listing', () => {
  test('gives each key with the prefix once, in the order of names, whatever the pages', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ weight: 8, arbitrary: someKey }, { weight: 1, arbitrary: longKey }), { maxLength: 40 }),
        fc.string({ unit: fc.constantFrom(...letters), maxLength: 3 }),
        fc.constantFrom(undefined, '/', ':', '\xc3', 'a/'),
        fc.integer({ min: 1, max: 9 }),
        async (keys, prefix, delimiter, limit) => {
          const world = createWorld();
          await fill(world, keys);
          const listed = await listAll(world, { prefix, limit, ...(delimiter === undefined ? {} : { delimiter }) });
          const wanted = keys.filter((key) => key.startsWith(prefix));
          const endOf = (key: Key) => (delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length));
          expect(listed.objects).toEqual(byName(wanted.filter((key) => endOf(key) < 0)));
          const prefixes = wanted.flatMap((key) =>
            endOf(key) < 0 ? [] : key.slice(0, endOf(key) + (delimiter?.length ?? 0)),
          );
          expect(listed.commonPrefixes.toSorted()).toEqual([...new Set(prefixes)].sort());
        },
      ),
      { numRuns: 300 },
    );
  });

  test('goes on behind a common prefix instead of reading all of it', async () => {
    const world = createWorld();
    const many = (folder: string) => Array.from({ length: 3000 }, (_, at) => `${folder}/${at}`);
    await fill(world, [...many('a'), ...many('b'), 'c', 'd/', 'd/1']);
    world.requests.length = 0;
    const page = await world.engine.list({ prefix: '', delimiter: '/', limit: 1000 });
    expect([page.commonPrefixes, page.objects.map(({ key }) => key), page.next]).toEqual([
      ['a/', 'b/', 'd/'],
      ['c'],
      undefined,
    ]);
    expect(world.requests.filter((request) => request.startsWith('list')).length).toBeLessThan(8);
    expect(world.requests.length).toBeLessThan(16);
  });

  test('reads ahead when it goes on with few keys at a time', async () => {
    const world = createWorld();
    const keys = Array.from({ length: 2500 }, (_, at) => `k${String(at).padStart(4, '0')}`);
    await fill(world, keys);
    const lists = () => world.requests.filter((request) => request.startsWith('list')).length;
    expect((await listAll(world, { prefix: '', limit: 10 })).objects).toEqual(keys);
    expect(lists()).toBe(4);
    const [one, other] = await Promise.all([
      listAll(world, { prefix: 'k0', limit: 7 }),
      listAll(world, { prefix: 'k', limit: 99 }),
    ]);
    expect([one.objects.length, other.objects.length]).toEqual([1000, 2500]);
  });

  test('what is there before it begins is in it, whatever earlier ones have read ahead', async () => {
    const world = createWorld();
    await fill(world, ['a', 'c', 'e', 'g', 'i']);
    const early = await world.engine.list({ prefix: '', limit: 1 });
    const onward = await world.engine.list({ prefix: '', limit: 1, after: early.next ?? '' });
    await world.engine.mutate('f', overwrite(payload(1)));
    await world.engine.mutate('g', remove);
    expect((await listAll(world, { prefix: '', limit: 1 })).objects).toEqual(['a', 'c', 'e', 'f', 'i']);
    const last = await world.engine.list({ prefix: '', limit: 9, after: onward.next ?? '' });
    expect(last.objects.map(({ key }) => key)).toEqual(['e', 'f', 'i']);
  });

  test('leaves out what has expired, a common prefix of expired keys alone too', async () => {
    const world = createWorld();
    const soonMs = world.clock.wallMs() + 1000;
    await fill(world, ['a/1', 'a/2', 'b/1', 'k1', 'k3'], { expiresAtMs: soonMs });
    await fill(world, ['b/2', 'k2']);
    await world.engine.mutate('k4', overwrite(payload(3), soonMs));
    expect((await listAll(world, { prefix: '', limit: 9 })).objects).toHaveLength(8);
    world.clock.advance(999);
    expect((await listAll(world, { prefix: '', limit: 9 })).objects).toHaveLength(8);
    world.clock.advance(1);
    const listed = await listAll(world, { prefix: '', delimiter: '/', limit: 2 });
    expect([listed.objects, listed.commonPrefixes]).toEqual([['k2'], ['b/']]);
  });

  test('asks about keys that are not known, and not about others', async () => {
    const world = createWorld();
    const user = { colour: 'blue' };
    await fill(world, ['by others'], { user });
    await world.engine.mutate('own', overwrite(payload(5)));
    world.requests.length = 0;
    const page = await world.engine.list({ prefix: '', limit: 10 });
    expect(page.objects).toMatchObject([
      { key: 'by others', info: { sizeBytes: 3, user } },
      { info: { sizeBytes: 5 } },
    ]);
    expect(page.objects[1]?.info).toEqual(await world.engine.info('own'));
    expect(world.requests).toEqual(['list ', 'head by others']);
  });

  test('sees writes from their acknowledgement on, and what others changed makes reads ask', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(5)));
    await world.engine.mutate('gone', overwrite(payload(5)));
    await world.engine.mutate('gone', remove);
    expect((await listAll(world, { prefix: '', limit: 10 })).objects).toEqual(['k']);
    const etag = (await world.store.head('k'))?.etag ?? '';
    await world.store.put('k', payload(9), {}, { kind: 'match', etag });
    expect((await valueOf(world, 'k'))?.length).toBe(5);
    const page = await world.engine.list({ prefix: '', limit: 10 });
    expect(page.objects[0]?.info.sizeBytes).toBe(9);
    expect((await valueOf(world, 'k'))?.length).toBe(9);
  });

  test('while a write is on its way it tells what reads tell', async () => {
    const world = createWorld();
    await world.engine.mutate('k', overwrite(payload(5)));
    const landed = Promise.withResolvers<void>();
    world.hooks.after = (request) => (request === 'put' ? landed.promise : undefined);
    const writing = world.engine.mutate('k', overwrite(payload(9)));
    while (!world.requests.includes('put k') || (await world.store.head('k'))?.sizeBytes !== 9) await Promise.resolve();
    const sizeOf = async () => (await world.engine.list({ prefix: '', limit: 10 })).objects[0]?.info.sizeBytes;
    expect([await sizeOf(), (await valueOf(world, 'k'))?.length]).toEqual([5, 5]);
    landed.resolve();
    await writing;
    expect(await sizeOf()).toBe(9);
  });

  test('what it has told is not undone by a read that began before', async () => {
    const world = createWorld();
    await fill(world, ['k']);
    const seen = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    world.hooks.after = (request) => {
      if (request !== 'get') return undefined;
      seen.resolve();
      return answered.promise;
    };
    const early = valueOf(world, 'k');
    await seen.promise;
    delete world.hooks.after;
    const etag = (await world.store.head('k'))?.etag ?? '';
    await world.store.put('k', payload(9), {}, { kind: 'match', etag });
    expect((await world.engine.list({ prefix: '', limit: 1 })).objects[0]?.info.sizeBytes).toBe(9);
    answered.resolve();
    expect((await early)?.length).toBe(3);
    expect((await world.engine.info('k'))?.sizeBytes).toBe(9);
  });

  test('passes over names that are no keys', async () => {
    const world = createWorld();
    for (const name of ['a//b', 'folder/', 'x%2']) await world.store.put(name, payload(1), {}, { kind: 'absent' });
    await fill(world, ['folder/1']);
    expect((await listAll(world, { prefix: '', limit: 1 })).objects).toEqual(['folder/1']);
  });

  test('refuses tokens of other listings, limits out of bounds, and to answer without the lease', async () => {
    const world = createWorld();
    await fill(world, ['a', 'b', 'c']);
    const { next = '' } = await world.engine.list({ prefix: '', limit: 1 });
    expect(next).toMatch(/^[\x21-\x7e]+$/);
    for (const after of ['', 'a', `${next}0`, next.slice(1), 'A'.repeat(5000), `${next}.`]) {
      await expect(world.engine.list({ prefix: '', limit: 1, after })).rejects.toMatchObject({ code: 'invalid' });
    }
    await expect(world.engine.list({ prefix: 'a', limit: 1, after: next })).rejects.toMatchObject({ code: 'invalid' });
    for (const limit of [0, 1001, 1.5]) {
      await expect(world.engine.list({ prefix: '', limit })).rejects.toMatchObject({ code: 'invalid' });
    }
    world.hooks.before = () => {
      world.lease.held = false;
    };
    await expect(world.engine.list({ prefix: '', limit: 1 })).rejects.toMatchObject({ code: 'closed' });
    await expect(world.engine.list({ prefix: '', limit: 1 })).rejects.toMatchObject({ code: 'closed' });
    expect(world.requests.filter((request) => request.startsWith('list'))).toHaveLength(2);
  });
});

describe('the estimate of keys', () => {
  test('is counted once in a while and kept up with own writes', async () => {
    const world = createWorld();
    await fill(
      world,
      Array.from({ length: 2500 }, (_, at) => `k${at}`),
    );
    await world.store.put('no//key', payload(1), {}, { kind: 'absent' });
    expect(await world.engine.estimateCount()).toBe(2500);
    await world.engine.mutate('new', overwrite(payload(1)));
    await world.engine.mutate('new', overwrite(payload(1)));
    await world.engine.mutate('k1', remove);
    await world.engine.mutate('k2', remove);
    await fill(world, ['by others']);
    world.requests.length = 0;
    expect(await world.engine.estimateCount()).toBe(2499);
    expect(world.requests).toEqual([]);
    world.clock.advance(300_000);
    expect(await world.engine.estimateCount()).toBe(2500);
  });

  test('does bounded work, and what it has counted so far stands until the count is whole', async () => {
    const world = createWorld();
    await fill(
      world,
      Array.from({ length: 12_000 }, (_, at) => `k${String(at).padStart(5, '0')}`),
    );
    const [first, beside] = await Promise.all([world.engine.estimateCount(), world.engine.estimateCount()]);
    expect([first, beside]).toEqual([10_000, 10_000]);
    expect(world.requests.filter((request) => request.startsWith('list'))).toHaveLength(10);
    await world.engine.mutate('a', overwrite(payload(1)));
    await world.engine.mutate('z', overwrite(payload(1)));
    expect(await world.engine.estimateCount()).toBe(12_002);
  });

  test('stands while the store is away, if there is one', async () => {
    const world = createWorld();
    await fill(world, ['a']);
    world.hooks.before = failing('unavailable');
    await expect(world.engine.estimateCount()).rejects.toMatchObject({ code: 'unavailable' });
    delete world.hooks.before;
    expect(await world.engine.estimateCount()).toBe(1);
    world.hooks.before = failing('unavailable');
    world.clock.advance(300_000);
    expect(await world.engine.estimateCount()).toBe(1);
  });
});
