/** Reads that the hot tier serves. */
import { isExpired } from '@sion/core';
import type { Entry } from '../objects/knowledge.ts';
import type { Key } from '../objects/objects.ts';
import type { ReadParts } from '../objects/reads.ts';

/** The whole object of an entry that is believed and has not expired. What memory alone has must not age there meanwhile. */
export function takeHot({ hot, clock }: Pick<ReadParts, 'hot' | 'clock'>, entry: Entry): Uint8Array | undefined {
  const bytes = hot?.read(entry);
  if (bytes !== undefined && entry.object.volatile === true && entry.placed !== undefined)
    entry.placed.touchedMs = clock.monotonicMs();
  return bytes;
}

/** What a read of the key would find in the hot tier, at once; undefined when it has to look elsewhere, or wait. */
export function readHot(parts: ReadParts, key: Key): Uint8Array | undefined {
  const { hot, knowledge, lease } = parts;
  const entry = hot === undefined ? undefined : knowledge.get(key);
  if (entry?.hot === undefined || !entry.confirmed || !lease.isHeld()) return undefined;
  const { expiresAtMs } = entry.object.metadata;
  if (expiresAtMs !== undefined && isExpired(expiresAtMs, lease.expiryNowMs())) return undefined;
  const bytes = takeHot(parts, entry);
  if (bytes !== undefined) parts.countGet('hot', bytes.length, 0);
  return bytes;
}
