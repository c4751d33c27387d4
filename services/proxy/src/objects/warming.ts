/**
 * Bringing an object into memory because somebody asked for it: a read of all its bytes that nobody gets, which places it
 * whatever the policy on reads is, or puts back what memory has lost of it. It is no GET, and is not counted as one.
 */
import { SionError } from '@sion/wire';
import type { Key, WarmOutcome } from './objects.ts';
import { type ReadParts, readInfo, readObject } from './reads.ts';

/** Rejects as a read does, and with `unavailable` while the budget saves. */
export async function warmObject(parts: ReadParts, key: Key, signal?: AbortSignal): Promise<WarmOutcome> {
  const isHeld = () => parts.knowledge.peek(key)?.placed?.complete === true;
  if (isHeld()) return (await readInfo(parts, key)) === undefined ? 'missing' : 'held';
  if (parts.memory.isSaving) throw saving();
  const placings: Promise<void>[] = [];
  const warming: ReadParts = {
    ...parts,
    countGet: () => {},
    hot: undefined,
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

function saving(): SionError {
  return new SionError(
    'unavailable',
    'functions have cost what they may in an hour (SION_MAX_USD_PER_HOUR), and memory takes nothing new; raise the bound, or retry later',
  );
}
