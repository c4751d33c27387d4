/**
 * A page of the store's listing with other layers laid over it: what the journal holds and the store does not have yet, what
 * it says is deleted, and what is in memory alone. Names stay in their order, and a page never has a name beyond what the
 * store's own page has covered.
 *
 * A key that is moved from a layer to the store while that is asked may be in neither when it has answered: so the layers are
 * looked at before as well. A page may have a key that has just gone, but lacks none that was there all the time.
 */
import type { ListOptions, ListPage, Store, StoredObject } from '@sion/components';
import { compareNames } from '@sion/core';
import type { SortedNames } from './undrained.ts';

/** One layer. */
export interface SeenNames {
  readonly sorted: SortedNames;
  /** Undefined = the layer says nothing of the name; `object` undefined = deleted. */
  get(name: string): { readonly object: StoredObject | undefined } | undefined;
  readonly size: number;
}

/** What a layer said before the store was asked: that may have reached the store, behind the back of its listing. */
interface Before {
  readonly objects: ReadonlyMap<string, StoredObject>;
  /** Names behind this one were not looked at. */
  readonly last: string | undefined;
}

/** `layers`: the uppermost first. */
export async function overlayPage(
  store: Store,
  prefix: string,
  options: ListOptions,
  layers: readonly SeenNames[],
): Promise<ListPage> {
  const { limit } = options;
  let { after } = options;
  for (;;) {
    const before = layers.map((layer) => livingOf(layer, prefix, after, limit));
    const page = await store.list(prefix, { ...options, ...(after === undefined ? {} : { after }) });
    if (before.every(({ objects }) => objects.size === 0) && layers.every((layer) => layer.size === 0)) return page;
    const last = earliest([page.more ? page.objects.at(-1)?.name : undefined, ...before.map((each) => each.last)]);
    const listed = last === undefined ? page.objects : page.objects.filter(({ name }) => compareNames(name, last) <= 0);
    const merged = merge(listed, before, namesBetween(layers, prefix, { after, last, limit }), layers, last);
    const objects = merged.slice(0, limit);
    const more = last !== undefined || merged.length > objects.length;
    // A page without names would not tell where the next one begins.
    if (objects.length > 0 || !more) return { objects, more };
    after = last;
  }
}

function earliest(names: readonly (string | undefined)[]): string | undefined {
  let first: string | undefined;
  for (const name of names)
    if (name !== undefined && (first === undefined || compareNames(name, first) < 0)) first = name;
  return first;
}

/** The first objects of a layer, no more than a page can have and one. */
function livingOf(layer: SeenNames, prefix: string, after: string | undefined, limit: number): Before {
  const objects = new Map<string, StoredObject>();
  for (const name of layer.sorted.after(prefix, after)) {
    const object = layer.get(name)?.object;
    if (object !== undefined) objects.set(name, object);
    if (objects.size > limit) return { objects, last: name };
  }
  return { objects, last: undefined };
}

/** Names of all layers after `after` and not behind `last`; of each layer no more than a page can have. */
function namesBetween(
  layers: readonly SeenNames[],
  prefix: string,
  { after, last, limit }: { after: string | undefined; last: string | undefined; limit: number },
): readonly string[] {
  const names = new Set<string>();
  for (const layer of layers) {
    let living = 0;
    for (const name of layer.sorted.after(prefix, after)) {
      if (living > limit || (last !== undefined && compareNames(name, last) > 0)) break;
      names.add(name);
      if (layer.get(name)?.object !== undefined) living++;
    }
  }
  return [...names].sort(compareNames);
}

/** The layers as they are now, over the store's page, over the layers as they were before that. */
function merge(
  listed: readonly StoredObject[],
  before: readonly Before[],
  overlaid: readonly string[],
  layers: readonly SeenNames[],
  last: string | undefined,
): readonly StoredObject[] {
  const byName = new Map<string, StoredObject>();
  for (const { objects } of [...before].reverse()) {
    for (const [name, object] of objects)
      if (last === undefined || compareNames(name, last) <= 0) byName.set(name, object);
  }
  for (const object of listed) byName.set(object.name, object);
  for (const name of overlaid) {
    const seen = layers.map((layer) => layer.get(name)).find((found) => found !== undefined);
    if (seen === undefined) continue;
    if (seen.object === undefined) byName.delete(name);
    else byName.set(name, seen.object);
  }
  return [...byName.values()].sort((a, b) => compareNames(a.name, b.name));
}
