/**
 * Asking the store about a key, when what the proxy believes does not answer: one HEAD, whose result becomes a belief
 * unless a write of that key was under way.
 */
import type { Store, StoredObject } from '@sion/components';
import { nameOfKey } from '@sion/core';
import type { Knowledge } from './knowledge.ts';
import type { Key } from './objects.ts';

/** The object that the store has under this key now (it may be expired); undefined = none. */
export async function lookUp(knowledge: Knowledge, store: Store, key: Key): Promise<StoredObject | undefined> {
  const entry = knowledge.get(key);
  if (entry?.confirmed) return entry.object;
  if (entry === undefined && knowledge.isAbsent(key)) return undefined;
  const lookup = knowledge.beginLookup(key);
  try {
    const found = await store.head(nameOfKey(key));
    knowledge.endLookup(lookup, found);
    return found;
  } catch (thrown) {
    knowledge.endLookup(lookup, 'failed');
    throw thrown;
  }
}

export function isExpired(object: StoredObject, nowMs: number): boolean {
  return object.metadata.expiresAtMs !== undefined && object.metadata.expiresAtMs <= nowMs;
}
