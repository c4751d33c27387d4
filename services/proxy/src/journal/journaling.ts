/**
 * What the two faces of the journaled store share: the journal, what is undrained, the drain, and the one way in which a
 * change becomes durable in the journal and visible to readers.
 */
import type { Clock, StoredObject, WriteCondition } from '@sion/components';
import type { Drain } from './drain.ts';
import type {
  BelievedBefore,
  BlobWriter,
  JournalBody,
  JournalChange,
  JournalLog,
  JournalRecord,
} from './journal-log.ts';
import type { SeenNames } from './listing-overlay.ts';
import { isJournalEtag, journalEtag, newUndrained, type Undrained, type UndrainedNames } from './undrained.ts';

/** What both faces share. */
export interface Journaling {
  readonly clock: Clock;
  readonly journal: JournalLog;
  readonly names: UndrainedNames;
  readonly drain: Drain;
  /** Objects in memory alone, for listings: they lie over everything else. */
  readonly volatiles: SeenNames;
  /** How long a write waits for the store to confirm it. */
  readonly confirmMs: number;
  /** Longer bodies are files of their own. */
  readonly inlineMaxBytes: number;
  /** A version later than all that were given before. */
  readonly nextVersion: () => string;
}

/** What is undrained under the name, once it is known that the store has nothing later. */
export async function undrainedOf({ names, drain }: Journaling, name: string): Promise<Undrained | undefined> {
  for (;;) {
    const undrained = names.get(name);
    if (undrained === undefined || undrained.isChecked) return undrained;
    await drain.check(undrained);
  }
}

/** Whether what readers see meets the condition. */
export function holds({ object }: Undrained, condition: WriteCondition): boolean {
  return condition.kind === 'absent' ? object === undefined : object?.etag === condition.etag;
}

export function isOfJournal(condition: WriteCondition): boolean {
  return condition.kind === 'match' && isJournalEtag(condition.etag);
}

/**
 * Makes a change durable in the journal, and then visible: it lies over what the store has from now on, and is drained.
 * Rejects as the journal's `append` does. `object`: what readers see of the key without this change's metadata, where its
 * bytes are not the change's own.
 */
export async function recordChange(
  { journal, names, drain, clock, nextVersion }: Journaling,
  name: string,
  change: JournalChange,
  base: BelievedBefore,
  object?: StoredObject,
): Promise<JournalRecord> {
  const bytesVersion = change.kind === 'put' && change.body.kind !== 'reuse' ? change.metadata.version : undefined;
  const earlier = names.get(name);
  const before = object ?? earlier?.object;
  const record = await journal.append({
    ...{ name, version: bytesVersion ?? nextVersion(), base, change },
    modifiedMs: bytesVersion === undefined ? (before?.modifiedMs ?? clock.wallMs()) : clock.wallMs(),
  });
  // While it was made durable, what was there may have been drained.
  const present = names.get(name);
  const seen = objectOf(record, object ?? present?.object ?? before);
  if (present !== undefined) {
    const older = present.record;
    present.object = seen;
    present.record = record;
    journal.retire(older);
    drain.enqueue(present);
    return record;
  }
  const undrained = newUndrained(record, seen);
  // Then the store has something else than when the change was decided.
  if (earlier !== undefined) undrained.base = { kind: 'unknown' };
  names.add(undrained);
  drain.enqueue(undrained);
  return record;
}

/** Makes the bodies of records, and gives the room of those back that no record has come to name. */
export class NewBodies {
  readonly #journaling: Pick<Journaling, 'journal' | 'inlineMaxBytes'>;
  readonly #blobs: BlobWriter[] = [];

  constructor(journaling: Pick<Journaling, 'journal' | 'inlineMaxBytes'>) {
    this.#journaling = journaling;
  }

  async of(bytes: Uint8Array): Promise<JournalBody> {
    const { journal, inlineMaxBytes } = this.#journaling;
    if (bytes.length <= inlineMaxBytes) return { kind: 'inline', bytes };
    const blob = await journal.beginBlob(bytes.length);
    this.#blobs.push(blob);
    await blob.write(bytes);
    return { kind: 'blob', blob: await blob.finish() };
  }

  /** Call when it is known what became of the records. */
  async discard(): Promise<void> {
    for (const blob of this.#blobs.splice(0)) await blob.abort();
  }
}

/** What readers see of a record; `before`: what it changes the metadata of. */
export function objectOf(record: JournalRecord, before: StoredObject | undefined): StoredObject | undefined {
  const { change, name, modifiedMs } = record;
  if (change.kind === 'delete') return undefined;
  const etag = journalEtag(change.metadata.version ?? record.version);
  const sizeBytes = change.kind === 'put' ? change.sizeBytes : (before?.sizeBytes ?? 0);
  return { name, sizeBytes, etag, modifiedMs, metadata: change.metadata };
}

/** False when `isReached` does not come true in time. */
export function waitUntil(clock: Clock, undrained: Undrained, ms: number, isReached: () => boolean): Promise<boolean> {
  if (isReached()) return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = (reached: boolean) => {
      timer.cancel();
      undrained.watchers.delete(watch);
      resolve(reached);
    };
    const watch = () => {
      if (isReached()) end(true);
    };
    const timer = clock.after(ms, () => end(false));
    undrained.watchers.add(watch);
  });
}
