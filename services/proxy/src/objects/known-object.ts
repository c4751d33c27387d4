/** An object as the engine knows it: what the store has, or what is in memory alone. */
import type { StoredObject } from '@sion/components';
import { isJournalEtag } from '../journal/undrained.ts';

export interface KnownObject extends StoredObject {
  /** It was written with durability `memory`: the store has nothing of it, and when memory loses it, it is gone. */
  readonly volatile?: true;
}

/** What is in memory alone, or in the journal alone, no function can read. */
export function isInStore({ volatile, etag }: KnownObject): boolean {
  return volatile !== true && !isJournalEtag(etag);
}

/** ETag of a version that is in memory alone; no store gives one like it. */
export function volatileEtag(version: string): string {
  return `"m-${version}"`;
}
