/**
 * Bringing an object into memory because somebody asked for it: a read of all its bytes that nobody gets, which places it
 * whatever the policy on reads is, or puts back what memory has lost of it. It is no GET, and is not counted as one.
 */
import type { Key, WarmOutcome } from './objects.ts';
import { type ReadParts, readInfo, readObject } from './reads.ts';

/** Rejects as a read does. */
export async function warmObject(parts: ReadParts, key: Key, signal?: AbortSignal): Promise<WarmOutcome> {
  const isHeld = () => parts.knowledge.peek(key)?.placed?.complete === true;
  if (isHeld()) return (await readInfo(parts, key)) === undefined ? 'missing' : 'held';
  const placings: Promise<void>[] = [];
  const warming: ReadParts = {
    ...parts,
    countGet: () => {},
    placeOnRead: 'always',
    onPlacing: (placing) => {
      placings.push(placing);
      parts.onPlacing(placing);
    },
  };
  const outcome = await readObject(warming, key, signal === undefined ? {} : { signal });
  if (outcome.kind !== 'hit') return 'missing';
  const { sizeBytes } = outcome.info;
  if (sizeBytes === 0 || sizeBytes > parts.memory.parts.maxObjectBytes) {
    outcome.body.cancel();
    return sizeBytes === 0 ? 'held' : 'refused';
  }
  for await (const _ of outcome.body) signal?.throwIfAborted();
  await Promise.allSettled(placings);
  return isHeld() ? 'placed' : 'refused';
}
