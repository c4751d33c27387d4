/**
 * The journal put to work over a store: opens it, takes up what a crash has left undrained, and makes the two faces of the
 * store for the engine. At the end it gives the drain a while, and leaves the rest in the journal for the next start.
 */
import type { Clock, Files, Log, Random, Store, StoredObject } from '@sion/components';
import type { SionError } from '@sion/wire';
import type { LeaseKeeper } from '../lease/lease-keeper.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { DeferredWrites } from './deferred-writes.ts';
import { Drain, type DrainSettings } from './drain.ts';
import type { JournalDepth } from './journal-log.ts';
import type { JournalSettings } from './journal-settings.ts';
import { JournaledStore } from './journaled-store.ts';
import { type Journaling, objectOf, waitUntil } from './journaling.ts';
import { openJournal } from './open-journal.ts';
import { isStored, newUndrained, SortedNames, UndrainedNames } from './undrained.ts';

export interface JournalingSettings {
  readonly journal: JournalSettings;
  readonly drain: DrainSettings;
  /** How long a write that has to go behind something undrained waits for the store. */
  readonly confirmMs: number;
  /** How long an orderly stop waits for the drain. */
  readonly closeMs: number;
}

export interface JournalingParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly files: Files;
  readonly lease: Pick<LeaseKeeper, 'isHeld'>;
  /** The real one, metered. */
  readonly store: Store;
  readonly metrics: Pick<Metrics, 'countDrained' | 'countDrainRetry' | 'countJournalFull'>;
  /** A version later than all that were given before, also by proxies before this one. */
  readonly nextVersion: () => string;
  readonly settings: JournalingSettings;
}

/** What the journal holds; times by the monotonic clock. */
export interface JournalingDepth extends JournalDepth {
  /** Of which something is undrained. */
  readonly names: number;
  /** Those of them that the store was seen to have: they are kept only against attempts that may still land. */
  readonly storedNames: number;
  /** Until when the last of those are kept; undefined = there are none. */
  readonly keptUntilMs: number | undefined;
  /** Since when the store has taken nothing; undefined while it takes what it is given. */
  readonly failingSinceMs: number | undefined;
}

/** The faces of the store, and what is told of the journal. */
export interface JournaledStores {
  /** Both faces over `store`, which is the real one as one request sees it. */
  over(store: Store): { readonly durable: JournaledStore; readonly deferred: DeferredWrites };
  /** Objects in memory alone, which listings have as well; undefined = no more. */
  noteVolatile(name: string, object: StoredObject | undefined): void;
  /** Called when the store has confirmed what readers have seen under the journal's tag. */
  onDrained: (name: string, seenAs: StoredObject | undefined, object: StoredObject | undefined) => void;
  readonly depth: JournalingDepth;
  close(): Promise<void>;
}

/** Rejects as `openJournal` does: an unreadable journal is not believed to be empty. */
export async function openJournaling(parts: JournalingParts): Promise<JournaledStores> {
  const { clock, log, settings } = parts;
  const { journal, records } = await openJournal(parts.files, { clock, log, settings: settings.journal });
  const names = new UndrainedNames();
  const volatiles = new VolatileNames();
  const drain = new Drain({
    ...{ ...parts, journal, names, settings: settings.drain },
    onDrained: (name, seenAs, object) => stores.onDrained(name, seenAs, object),
  });
  const { nextVersion } = parts;
  const journaling: Journaling = {
    ...{ clock, journal, names, drain, volatiles, nextVersion },
    confirmMs: settings.confirmMs,
    inlineMaxBytes: settings.journal.inlineMaxBytes,
  };
  for (const record of records) {
    const undrained = newUndrained(record, objectOf(record, undefined));
    undrained.isChecked = false;
    drain.noteUnknown(undrained);
    names.add(undrained);
    drain.enqueue(undrained);
  }
  if (records.length > 0) log.info('journal-replayed', { names: records.length });
  const stores: JournaledStores = {
    onDrained: () => {},
    over(store) {
      const durable = new JournaledStore(store, journaling);
      return { durable, deferred: new DeferredWrites(durable, journaling, (error) => noteFull(parts, error)) };
    },
    noteVolatile: (name, object) => volatiles.note(name, object),
    get depth() {
      return { ...journal.depth, ...countNames(names), failingSinceMs: drain.failingSinceMs };
    },
    async close() {
      const before = waitingNames(names);
      if (before > 0) log.info('journal-stop-waits', { names: before, atMostMs: settings.closeMs });
      await drainFor(settings.closeMs, clock, names);
      await drain.stop();
      const left = waitingNames(names);
      if (left > 0) log.warn('journal-left-undrained', { names: left, until: 'the next start here' });
      await journal.close();
      log.info('journal-closed', { names: left, inMemoryAlone: volatiles.size });
    },
  };
  return stores;
}

function countNames(names: UndrainedNames): Pick<JournalingDepth, 'names' | 'storedNames' | 'keptUntilMs'> {
  let [storedNames, keptUntilMs] = [0, Number.NEGATIVE_INFINITY];
  for (const undrained of names.values()) {
    if (!isStored(undrained)) continue;
    storedNames++;
    keptUntilMs = Math.max(keptUntilMs, undrained.unsafeUntilMs);
  }
  return { names: names.size, storedNames, keptUntilMs: storedNames === 0 ? undefined : keptUntilMs };
}

function waitingNames(names: UndrainedNames): number {
  return names.size - countNames(names).storedNames;
}

function noteFull({ metrics, log }: JournalingParts, { code, message }: SionError): void {
  metrics.countJournalFull();
  log.debug('journal-passed-by', { code, reason: message });
}

/** Waits for what may end soon: not for what is only kept against attempts that may still land. */
async function drainFor(ms: number, clock: Clock, names: UndrainedNames): Promise<void> {
  const deadlineMs = clock.monotonicMs() + ms;
  for (const undrained of [...names.values()]) {
    const isDone = () => undrained.isOver || isStored(undrained);
    const leftMs = deadlineMs - clock.monotonicMs();
    if (!isDone() && (leftMs <= 0 || !(await waitUntil(clock, undrained, leftMs, isDone)))) return;
  }
}

/** Objects in memory alone, by name. */
class VolatileNames {
  readonly sorted = new SortedNames();
  readonly #objects = new Map<string, { readonly object: StoredObject }>();

  get size(): number {
    return this.#objects.size;
  }

  get(name: string): { readonly object: StoredObject } | undefined {
    return this.#objects.get(name);
  }

  note(name: string, object: StoredObject | undefined): void {
    if (object !== undefined) {
      this.#objects.set(name, { object });
      this.sorted.add(name);
    } else if (this.#objects.delete(name)) this.sorted.remove(name);
  }
}
