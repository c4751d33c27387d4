import { type StoredObject, VirtualStore } from '@sion/components';
import { compareNames } from '@sion/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { overlayPage, type SeenNames } from './listing-overlay.ts';
import { SortedNames } from './undrained.ts';

class Layer implements SeenNames {
  readonly sorted = new SortedNames();
  readonly #objects = new Map<string, StoredObject | undefined>();

  set(name: string, object: StoredObject | undefined): this {
    this.#objects.set(name, object);
    this.sorted.add(name);
    return this;
  }

  end(name: string): void {
    this.#objects.delete(name);
    this.sorted.remove(name);
  }

  get(name: string) {
    return this.#objects.has(name) ? { object: this.#objects.get(name) } : undefined;
  }

  get size(): number {
    return this.#objects.size;
  }
}

const letters = Array.from({ length: 16 }, (_, at) => String.fromCharCode(97 + at));

const objectOf = (name: string, etag: string): StoredObject => ({
  ...{ name, etag, sizeBytes: 1, modifiedMs: 0, metadata: {} },
});

async function storeWith(names: Iterable<string>): Promise<VirtualStore> {
  const store = new VirtualStore({ wallMs: () => 0 });
  for (const name of names) await store.put(name, Buffer.from('x'), {}, { kind: 'absent' });
  return store;
}

async function listAll(store: VirtualStore, layers: readonly SeenNames[], limit: number, prefix = '') {
  const objects: StoredObject[] = [];
  for (let after: string | undefined; ; ) {
    const page = await overlayPage(store, prefix, { limit, ...(after === undefined ? {} : { after }) }, layers);
    expect(page.objects.length).toBeLessThanOrEqual(limit);
    objects.push(...page.objects);
    if (!page.more) return objects;
    after = page.objects.at(-1)?.name;
    expect(after).toBeDefined();
  }
}

it('gives each living key once, in order, whatever the pages and layers', async () => {
  const names = fc.uniqueArray(fc.constantFrom(...letters), { maxLength: 12 });
  const changed = fc.array(fc.tuple(fc.constantFrom(...letters), fc.boolean()), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(names, changed, names, fc.integer({ min: 1, max: 5 }), async (stored, journaled, held, limit) => {
      const expected = new Map(stored.map((name) => [name, 'store']));
      const undrained = new Layer();
      for (const [name, isThere] of journaled) {
        undrained.set(name, isThere ? objectOf(name, 'journal') : undefined);
        if (isThere) expected.set(name, 'journal');
        else expected.delete(name);
      }
      const volatiles = new Layer();
      for (const name of held) expected.set(volatiles.set(name, objectOf(name, 'memory')) && name, 'memory');
      const found = await listAll(await storeWith(stored), [volatiles, undrained], limit);
      const layerOf = ({ etag }: StoredObject) => (etag === 'journal' || etag === 'memory' ? etag : 'store');
      expect(found.map((object) => [object.name, layerOf(object)])).toEqual(
        [...expected].sort(([a], [b]) => compareNames(a, b)),
      );
    }),
  );
});

it('lacks no key that reaches the store while that lists', async () => {
  const store = await storeWith(['a', 'z']);
  const undrained = new Layer().set('m', objectOf('m', 'journal'));
  const list = store.list.bind(store);
  store.list = async (prefix, options) => {
    const page = await list(prefix, options);
    await store.put('m', Buffer.from('x'), {}, { kind: 'absent' });
    undrained.end('m');
    return page;
  };
  const page = await overlayPage(store, '', { limit: 10 }, [undrained]);
  expect(page.objects.map(({ name }) => name)).toEqual(['a', 'm', 'z']);
});

it('lacks none behind a full page either, and gives none that it has not covered', async () => {
  const store = await storeWith([]);
  const undrained = new Layer();
  for (const name of ['a', 'b', 'c', 'd', 'e']) undrained.set(name, objectOf(name, 'journal'));
  const list = store.list.bind(store);
  store.list = async (prefix, options) => {
    const page = await list(prefix, options);
    for (const name of ['a', 'b', 'd']) undrained.end(name);
    for (const name of ['a', 'b', 'd']) await store.put(name, Buffer.from('x'), {}, { kind: 'absent' });
    store.list = list;
    return page;
  };
  expect((await listAll(store, [undrained], 2)).map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd', 'e']);
});

it('stays within its prefix', async () => {
  const undrained = new Layer().set('a/1', objectOf('a/1', 'journal')).set('b', objectOf('b', 'journal'));
  const found = await listAll(await storeWith(['a', 'a/2', 'b/1']), [undrained], 2, 'a/');
  expect(found.map(({ name }) => name)).toEqual(['a/1', 'a/2']);
});
