/** Puts recovery together for the engine: which objects nodes find in the store, and how the proxy reads those itself. */
import { SionError } from '@sion/wire';
import type { EngineParts } from '../objects/engine.ts';
import { isInStore } from '../objects/known-object.ts';
import { type ReadParts, readStoreRange } from '../objects/reads.ts';
import { Recovery } from './recovery.ts';

/** Lost chunks come back on demand alone. */
const off = { spread: 1, perNode: 1, concurrency: 0 };

/** From now on what memory loses is brought back. */
export function beginRecovery(parts: EngineParts, reads: ReadParts): Recovery {
  const { clock, log, fleet, placement, metrics, settings } = parts;
  const { memory, knowledge, hedgeMs, fetchTimeoutMs } = reads;
  const recovery = new Recovery({
    ...{ clock, log, fleet, placement, metrics, memory, hedgeMs, fetchTimeoutMs },
    settings: settings.recovery ?? off,
    isInStore,
    onNodeRead: parts.onNodeRead ?? (() => {}),
    readStore: async (object, range) => {
      const entry = object.origin === undefined ? undefined : knowledge.peek(object.origin.key);
      if (entry?.placed !== object) throw new SionError('unavailable', 'the object was replaced meanwhile');
      return await readStoreRange(reads, entry, range);
    },
  });
  memory.watch(recovery);
  return recovery;
}
