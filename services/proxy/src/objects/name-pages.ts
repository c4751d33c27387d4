/**
 * Pages of names for listings whose clients ask for a few keys at a time (SCAN): a store's listing costs as much for ten
 * names as for a thousand, and a folder is walked for each. So a listing that goes on reads a whole page ahead, and what is
 * left of it is kept for the next call.
 *
 * What is kept was read after the last listing of the same prefix had begun: whatever was there before a listing begins is
 * in it. What comes and goes meanwhile need not be. It is bounded, soft state; each call that finds nothing asks the store.
 */
import type { ListPage, Store, StoredObject } from '@sion/components';
import type { Key } from './objects.ts';

const pageNames = 1000;
const maxKept = 32;

/** Which names are asked for, and for which listing. */
export interface NamesWanted {
  readonly listing: Key;
  readonly prefix: string;
  readonly after?: string;
  readonly limit: number;
  /** It is not the listing's first call. */
  readonly isGoingOn: boolean;
}

interface Kept {
  readonly listing: Key;
  readonly objects: readonly StoredObject[];
  readonly more: boolean;
}

export class NamePages {
  readonly #kept = new Map<string, Kept>();
  #begun = 0;

  /** A listing of this prefix begins: what was read before is of no use for it. */
  begin(listing: Key): void {
    this.#begun++;
    for (const [place, kept] of this.#kept) if (kept.listing === listing) this.#kept.delete(place);
  }

  clear(): void {
    this.#begun++;
    this.#kept.clear();
  }

  async page(store: Store, wanted: NamesWanted): Promise<ListPage> {
    const { listing, prefix, after, limit, isGoingOn } = wanted;
    const place = placeOf(wanted, after);
    const kept = this.#kept.get(place);
    this.#kept.delete(place);
    const begun = this.#begun;
    const position = after === undefined ? {} : { after };
    const ask = isGoingOn ? Math.max(limit, pageNames) : limit;
    const { objects, more } = kept ?? (await store.list(prefix, { limit: ask, namesOnly: true, ...position }));
    const rest = objects.slice(limit);
    if (rest.length === 0) return { objects, more };
    const used = objects.slice(0, limit);
    // By then the versions may be others.
    const untagged = kept === undefined ? rest.map((object) => ({ ...object, etag: '' })) : rest;
    if (begun === this.#begun) this.#keep(placeOf(wanted, used.at(-1)?.name), { listing, objects: untagged, more });
    return { objects: used, more: true };
  }

  #keep(place: string, kept: Kept): void {
    this.#kept.set(place, kept);
    if (this.#kept.size <= maxKept) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }
}

function placeOf({ listing, prefix }: NamesWanted, after: string | undefined): string {
  return JSON.stringify([listing, prefix, after]);
}
