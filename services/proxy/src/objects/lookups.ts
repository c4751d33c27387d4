/**
 * Asking the store about a key, when what the proxy believes does not answer: one HEAD, whose result becomes a belief
 * unless a write of that key was under way.
 */
import type { Store } from '@sion/components';
import { nameOfKey } from '@sion/core';
import type { Knowledge } from './knowledge.ts';
import type { KnownObject } from './known-object.ts';
import type { Key } from './objects.ts';

export interface Found {
  /** What the store or memory alone has under the key (it may be expired); undefined = nothing. */
  readonly object: KnownObject | undefined;
  /** False when a write of the key is under way, or has overtaken the lookup. */
  readonly isSettled: boolean;
  /** True when that the store has nothing says nothing: what the key had meanwhile was, or is, in memory alone. */
  readonly isBlind?: boolean;
}

export async function lookUp(knowledge: Knowledge, store: Store, key: Key): Promise<Found> {
  const entry = knowledge.get(key);
  if (entry?.confirmed) return { object: entry.object, isSettled: !knowledge.isWriting(key) };
  if (entry === undefined && knowledge.isAbsent(key)) return { object: undefined, isSettled: true };
  const lookup = knowledge.beginLookup(key);
  try {
    const object = await store.head(nameOfKey(key));
    const believed = knowledge.endLookup(lookup, object);
    return { object: object ?? believed?.object, isSettled: lookup.valid, isBlind: lookup.isBlind };
  } catch (thrown) {
    knowledge.endLookup(lookup, 'failed');
    throw thrown;
  }
}
