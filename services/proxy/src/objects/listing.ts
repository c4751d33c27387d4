/**
 * Listing keys, a page at a time. The store's names are walked in their order, range by range of those that keys with the
 * prefix can have; what is not a key, or not asked for, is passed over. The store is the truth: what was acknowledged is in
 * its listing, what was deleted is not. Nothing is needed from page to page but the token (`list-token.ts`); names that were
 * read ahead may be kept (`name-pages.ts`).
 *
 * Of each key there is told what a read would tell: what is believed where the store's listing does not contradict it,
 * else what one HEAD finds, a few at a time. What a listing has seen counts as seen by a reader (`knowledge.ts`).
 *
 * With a delimiter, keys that share a common prefix are not read one by one: the walk goes on behind them. The names of a
 * common prefix may be in several ranges (`a/` itself is named apart from `a/b`); it is given in the last of them that has
 * a key, for which the later ones are asked.
 *
 * A call makes at most {@link maxStoreLists} listings of the store, and looks at about {@link maxLooks} keys.
 */
import type { ListPage, Store, StoredObject } from '@sion/components';
import { compareNames, isExpired, keyOfName, type NameRange, nameOfKey, nameRanges, rangeOfName } from '@sion/core';
import { SionError } from '@sion/wire';
import { infoOf, type Knowledge } from './knowledge.ts';
import { readListToken, writeListToken } from './list-token.ts';
import { lookUp } from './lookups.ts';
import type { NamePages } from './name-pages.ts';
import type { Key, KeyPage, ListedObject, ListRequest, ObjectInfo } from './objects.ts';
import type { LeaseProof } from './writes.ts';

export interface ListParts {
  readonly store: Store;
  readonly lease: LeaseProof;
  readonly knowledge: Knowledge;
  readonly namePages: NamePages;
  /** As a read of the info alone. */
  readonly info: (key: Key) => Promise<ObjectInfo | undefined>;
}

/** The longest page of keys; the store's as well. */
export const maxListLimit = 1000;

const maxStoreLists = 24;
const maxLooks = 2 * maxListLimit;
const looksAtOnce = 16;
/** Keys that are looked at to find out whether a later range has a living one. */
const probeKeys = 8;

export async function listKeys(parts: ListParts, request: ListRequest): Promise<KeyPage> {
  const { limit, after } = request;
  if (!Number.isInteger(limit) || limit < 1 || limit > maxListLimit) {
    throw new SionError('invalid', `a page of a listing has 1 to ${maxListLimit} keys, not ${limit}`);
  }
  const position = after === undefined ? undefined : readListToken(request, after);
  parts.lease.assertHeld();
  if (position === undefined) parts.namePages.begin(request.prefix);
  const walk = new ListWalk(parts, request, position);
  await walk.run();
  parts.lease.assertHeld();
  return walk.page();
}

/** Keys of one store page that follow each other and share what they are given as. */
type Item =
  | { readonly kind: 'key'; readonly key: Key; readonly objects: readonly StoredObject[] }
  | { readonly kind: 'prefix'; readonly prefix: Key; readonly objects: readonly StoredObject[] };

class ListWalk {
  readonly #parts: ListParts;
  readonly #request: ListRequest;
  readonly #objects: ListedObject[] = [];
  readonly #commonPrefixes: Key[] = [];
  #listsLeft = maxStoreLists;
  #looksLeft = maxLooks;
  /** Everything up to this name has been dealt with. */
  #position: string | undefined;
  #isDone = false;
  #hasLongNames: boolean | undefined;

  constructor(parts: ListParts, request: ListRequest, position: string | undefined) {
    this.#parts = parts;
    this.#request = request;
    this.#position = position;
  }

  page(): KeyPage {
    const position = this.#position;
    const isOver = this.#isDone || position === undefined;
    return {
      objects: this.#objects,
      commonPrefixes: this.#commonPrefixes,
      ...(isOver ? {} : { next: writeListToken(this.#request, position) }),
    };
  }

  get #room(): number {
    return this.#request.limit - this.#objects.length - this.#commonPrefixes.length;
  }

  get #delimiter(): Key {
    return this.#request.delimiter ?? '';
  }

  async run(): Promise<void> {
    for (const range of nameRanges(this.#request.prefix)) {
      while (this.#isBefore(range.last)) {
        if (this.#room === 0 || this.#listsLeft <= 0 || this.#looksLeft <= 0) return;
        const end = await this.#walkPage(range);
        if (end === 'enough') return;
        if (end === 'over') this.#position = range.last;
      }
    }
    this.#isDone = true;
  }

  #isBefore(name: string): boolean {
    return this.#position === undefined || compareNames(this.#position, name) < 0;
  }

  /** One page of the store; tells whether the range is over, and whether this call has done enough. */
  async #walkPage(range: NameRange): Promise<'over' | 'more' | 'enough'> {
    const after = this.#isBefore(range.after ?? '') ? range.after : this.#position;
    const { page, moved } = await this.#namesAndMoves(range.prefix, after);
    const listed = page.objects.filter(({ name }) => compareNames(name, range.last) <= 0);
    const last = listed.at(-1)?.name;
    const isOver = !page.more || listed.length < page.objects.length || last === undefined;
    const items = this.#itemsOf(this.#withMissing(listed, moved, range, after, isOver ? range.last : last));
    const living = await this.#lookAtAll(items);
    for (const [at, item] of items.entries()) {
      const info = living[at];
      if (this.#room === 0 || (info !== undefined && !(await this.#give(item, info)))) return 'enough';
      this.#position = item.objects.at(-1)?.name ?? this.#position;
    }
    if (isOver) return 'over';
    const lastItem = items.at(-1);
    const isWithinPrefix =
      lastItem?.kind === 'prefix' && living.at(-1) !== undefined && lastItem.objects.at(-1)?.name === last;
    this.#position = isWithinPrefix ? this.#behind(lastItem.prefix, last) : last;
    return this.#delimiter === '' && items.length > 0 ? 'enough' : 'more';
  }

  /** With what an unacknowledged delete has taken out of the store already, and with what moved to memory or from there. */
  #withMissing(
    listed: readonly StoredObject[],
    moved: ReadonlySet<Key>,
    range: NameRange,
    after: string | undefined,
    last: string,
  ): readonly StoredObject[] {
    const { knowledge } = this.#parts;
    const names = new Set(listed.map(({ name }) => name));
    const objects = new Map<string, StoredObject>();
    for (const key of moved) objects.set(nameOfKey(key), unseen(nameOfKey(key)));
    for (const { object } of knowledge.believedWhileWriting()) objects.set(object.name, object);
    const missing = [...objects.values()]
      .filter(({ name }) => !names.has(name) && rangeOfName([range], name) === 0)
      .filter(({ name }) => compareNames(name, last) <= 0 && (after === undefined || compareNames(name, after) > 0));
    return missing.length === 0 ? listed : [...listed, ...missing].sort((a, b) => compareNames(a.name, b.name));
  }

  async #namesAndMoves(prefix: string, after: string | undefined) {
    const { knowledge, namePages } = this.#parts;
    const watch = knowledge.watchMoves();
    try {
      const page = await this.#names(prefix, after);
      // What was read ahead may lack them too.
      if (watch.keys.size > 0) namePages.clear();
      return { page, moved: watch.keys };
    } finally {
      watch.end();
    }
  }

  async #names(prefix: string, after: string | undefined): Promise<ListPage> {
    // Behind a common prefix most of what is read ahead would be passed over.
    if (this.#delimiter !== '') return await this.#list(prefix, this.#room, after);
    this.#listsLeft--;
    const { store, namePages } = this.#parts;
    const position = after === undefined ? {} : { after };
    const { prefix: listing, after: token } = this.#request;
    return await namePages.page(store, {
      listing,
      prefix,
      limit: this.#room,
      isGoingOn: token !== undefined,
      ...position,
    });
  }

  async #list(prefix: string, limit: number, after?: string) {
    this.#listsLeft--;
    return await this.#parts.store.list(prefix, { limit, namesOnly: true, ...(after === undefined ? {} : { after }) });
  }

  #itemsOf(found: readonly StoredObject[]): readonly Item[] {
    const { prefix } = this.#request;
    const delimiter = this.#delimiter;
    const items: (Item & { readonly objects: StoredObject[] })[] = [];
    for (const object of found) {
      const key = keyOfName(object.name);
      if (key === undefined || !key.startsWith(prefix)) continue;
      const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      if (at < 0) {
        items.push({ kind: 'key', key, objects: [object] });
        continue;
      }
      const commonPrefix = key.slice(0, at + delimiter.length);
      const last = items.at(-1);
      if (last?.kind === 'prefix' && last.prefix === commonPrefix) last.objects.push(object);
      else items.push({ kind: 'prefix', prefix: commonPrefix, objects: [object] });
    }
    return items;
  }

  /** The first living object of each item. */
  async #lookAtAll(items: readonly Item[]): Promise<readonly (ListedObject | undefined)[]> {
    const found: (ListedObject | undefined)[] = new Array(items.length).fill(undefined);
    let next = 0;
    const work = async () => {
      for (let at = next++; at < items.length; at = next++)
        found[at] = await this.#firstLiving(items[at]?.objects ?? []);
    };
    await Promise.all(Array.from({ length: Math.min(looksAtOnce, items.length) }, work));
    return found;
  }

  async #firstLiving(objects: readonly StoredObject[]): Promise<ListedObject | undefined> {
    for (const object of objects) {
      const key = keyOfName(object.name);
      this.#looksLeft--;
      const listed = key === undefined ? undefined : await lookAtListed(this.#parts, key, object);
      if (listed !== undefined) return listed;
    }
    return undefined;
  }

  /** False when there is nothing left to find out whether the item is given here. */
  async #give(item: Item, listed: ListedObject): Promise<boolean> {
    if (item.kind === 'key') {
      this.#objects.push(listed);
      return true;
    }
    const ranges = nameRanges(item.prefix);
    const at = rangeOfName(ranges, item.objects.at(-1)?.name ?? '') ?? ranges.length;
    const later = ranges.slice(at + 1);
    if (later.length > this.#listsLeft - 1) return false;
    for (const range of later) if (await this.#hasLiving(item.prefix, range)) return true;
    this.#commonPrefixes.push(item.prefix);
    return true;
  }

  async #hasLiving(prefix: Key, range: NameRange): Promise<boolean> {
    if (range.prefix.startsWith('%~') && !(await this.#mayHaveLongNames())) return false;
    const page = await this.#list(range.prefix, probeKeys, range.after);
    const candidates = page.objects.filter(
      ({ name }) => compareNames(name, range.last) <= 0 && (keyOfName(name)?.startsWith(prefix) ?? false),
    );
    return (await this.#firstLiving(candidates)) !== undefined;
  }

  /** Hardly any store has names of the form for long keys: asked once a call. */
  async #mayHaveLongNames(): Promise<boolean> {
    this.#hasLongNames ??= (await this.#list('%~', 2)).objects.some(({ name }) => name !== '%~');
    return this.#hasLongNames;
  }

  #behind(prefix: Key, name: string): string {
    const ranges = nameRanges(prefix);
    return ranges[rangeOfName(ranges, name) ?? ranges.length]?.last ?? name;
  }
}

/** What a read would tell of a key that the store has listed; undefined when it is gone or expired. */
async function lookAtListed(parts: ListParts, key: Key, listed: StoredObject): Promise<ListedObject | undefined> {
  const { knowledge, lease, store } = parts;
  const entry = knowledge.peek(key);
  const isWriting = knowledge.isWriting(key);
  // While a write is under way reads answer what was before, whatever the store has by now.
  const isBelieved =
    entry?.confirmed === true && (isWriting || listed.etag === '' || listed.etag === entry.object.etag);
  let object: StoredObject | undefined;
  if (isBelieved) object = entry.object;
  else if (entry !== undefined) {
    if (!isWriting) knowledge.doubt(key);
    const found = await lookUp(knowledge, store, key);
    if (found.isBlind === true) return await askInfo(parts, key);
    object = found.object;
  } else {
    object = await store.head(listed.name);
    // What is in memory alone, or is being put there, the store does not tell.
    if (object === undefined && (knowledge.isWriting(key) || knowledge.peek(key) !== undefined)) {
      return await askInfo(parts, key);
    }
    knowledge.sight(key, object);
  }
  if (object === undefined) return undefined;
  if (!isExpired(object.metadata.expiresAtMs, lease.expiryNowMs())) return { key, info: infoOf(object) };
  // A write under way may have been decided before the object expired.
  return knowledge.isWriting(key) ? await askInfo(parts, key) : undefined;
}

async function askInfo(parts: ListParts, key: Key): Promise<ListedObject | undefined> {
  const info = await parts.info(key);
  return info === undefined ? undefined : { key, info };
}

/** Of a key whose object, if any, has to be asked for. */
function unseen(name: string): StoredObject {
  return { name, sizeBytes: 0, etag: '', modifiedMs: 0, metadata: {} };
}
