/**
 * A page of the store's listing with other layers laid over it: what the journal holds and the store does not have yet, what
 * it says is deleted, and what is in memory alone. Names stay in their order, and a page never has a name beyond what the
 * store's own page has covered.
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

/** `layers`: the uppermost first. */
export async function overlayPage(
  store: Store,
  prefix: string,
  options: ListOptions,
  layers: readonly SeenNames[],
): Promise<ListPage> {
  let { after } = options;
  for (;;) {
    const page = await store.list(prefix, { ...options, ...(after === undefined ? {} : { after }) });
    if (layers.every((layer) => layer.size === 0)) return page;
    const last = page.more ? page.objects.at(-1)?.name : undefined;
    const merged = merge(page.objects, namesBetween(layers, prefix, after, last, options.limit), layers);
    const objects = merged.slice(0, options.limit);
    const more = page.more || merged.length > objects.length;
    // A page without names would not tell where the next one begins.
    if (objects.length > 0 || !more) return { objects, more };
    after = last;
  }
}

/** Names of all layers after `after` and not behind `last`; of each layer no more than a page can have. */
function namesBetween(
  layers: readonly SeenNames[],
  prefix: string,
  after: string | undefined,
  last: string | undefined,
  limit: number,
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

function merge(
  listed: readonly StoredObject[],
  overlaid: readonly string[],
  layers: readonly SeenNames[],
): readonly StoredObject[] {
  const byName = new Map(listed.map((object) => [object.name, object]));
  for (const name of overlaid) {
    const seen = layers.map((layer) => layer.get(name)).find((found) => found !== undefined);
    if (seen === undefined) continue;
    if (seen.object === undefined) byName.delete(name);
    else byName.set(name, seen.object);
  }
  return [...byName.values()].sort((a, b) => compareNames(a.name, b.name));
}
