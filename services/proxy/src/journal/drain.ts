/**
 * The drain: brings what the journal holds into the store, oldest names first, a few at a time, one writer per name. What
 * has to be done is decided by `@sion/core`'s `drain-plan.ts` from what the store is seen to have; every step is
 * conditional.
 *
 * An attempt of unknown result may still land, long after the store has said otherwise. So a record is let go only when the
 * store was seen to have it at a time at which no such attempt is left: `quarantineMs` after the last one (or after the
 * start, for those of a proxy that crashed). Until then readers see the record.
 *
 * When the store fails, one name at a time is tried, after a pause that doubles; an outage ends with one request, not with
 * one per record. It is the one owner of these retries.
 */
import type { Clock, Log, Random, Store, StoredObject, Timer } from '@sion/components';
import { type DrainChange, type DrainStep, planDrain, type SeenObject } from '@sion/core';
import { asSionError, SionError } from '@sion/wire';
import type { LeaseKeeper } from '../lease/lease-keeper.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { JournalLog, JournalRecord } from './journal-log.ts';
import { mayHaveHappened, tell, type Undrained, type UndrainedNames } from './undrained.ts';

export interface DrainSettings {
  /** How long an attempt of unknown result may land after it was given up. */
  readonly quarantineMs: number;
  /** Names that are drained at a time. */
  readonly concurrency: number;
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
  /** Bodies up to this size are sent in one request. */
  readonly wholeMaxBytes: number;
}

export interface DrainParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly lease: Pick<LeaseKeeper, 'isHeld'>;
  readonly journal: JournalLog;
  /** The real one, metered. */
  readonly store: Store;
  readonly metrics: Pick<Metrics, 'countDrained' | 'countDrainRetry'>;
  readonly settings: DrainSettings;
  readonly names: UndrainedNames;
  /** The store has confirmed a record: `object` is what it has now (undefined = deleted), readers knew it as `seenAs`. */
  readonly onDrained: (name: string, seenAs: StoredObject | undefined, object: StoredObject | undefined) => void;
}

/** How often one turn looks anew, when others change the object underneath. */
const maxLooks = 8;
const leasePauseMs = 500;
const oddPauseMs = 5_000;
const jitterSteps = 1 << 16;

export class Drain {
  readonly #parts: DrainParts;
  readonly #queue = new Set<Undrained>();
  readonly #timers = new Map<Undrained, Timer>();
  #pause: Timer | undefined;
  readonly #turns = new Map<Undrained, Promise<void>>();
  #failures = 0;
  #failingSinceMs: number | undefined;
  #isStopped = false;

  constructor(parts: DrainParts) {
    this.#parts = parts;
  }

  /** Since when the store has taken nothing, by the monotonic clock; undefined while it takes what it is given. */
  get failingSinceMs(): number | undefined {
    return this.#failingSinceMs;
  }

  /** Something is to be drained, or has changed. */
  enqueue(undrained: Undrained): void {
    this.#timers.get(undrained)?.cancel();
    this.#timers.delete(undrained);
    this.#queue.add(undrained);
    this.#pump();
  }

  /** Nothing begins any more; resolves when what was begun is over. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#pause?.cancel();
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#queue.clear();
    await Promise.all(this.#turns.values());
  }

  /** Runs `write` as the only writer of this name. */
  async exclusively<T>(undrained: Undrained, write: () => Promise<T>): Promise<T> {
    while (undrained.busy !== undefined) await undrained.busy;
    const { promise, resolve } = Promise.withResolvers<void>();
    undrained.busy = promise;
    try {
      return await write();
    } finally {
      undrained.busy = undefined;
      resolve();
      tell(undrained);
    }
  }

  /** Asks the store whether it has something later than a replayed record, once; what it has is then known. */
  async check(undrained: Undrained): Promise<void> {
    if (undrained.isChecked) return;
    await this.exclusively(undrained, async () => {
      if (undrained.isChecked || undrained.isOver) return;
      const seen = await this.#parts.store.head(undrained.name);
      const step = planDrain(changeOf(undrained.record), seen);
      if (step.kind === 'superseded') return this.#letGo(undrained, undefined);
      const { change } = undrained.record;
      if (change.kind === 'metadata' && seen !== undefined) {
        undrained.object = { ...seen, etag: undrained.object?.etag ?? seen.etag, metadata: change.metadata };
      }
      if (step.kind === 'done') undrained.storedSequence = undrained.record.sequence;
      // Bytes that lie in the store alone are read under the tag that it gives them now.
      const isBeneath = step.kind === 'done' && change.kind === 'metadata';
      if (step.kind === change.kind || isBeneath) undrained.base = baseOf(seen);
      undrained.isChecked = true;
    });
  }

  /** The store was told the object's state by other means: what it is believed to have. */
  noteStored(undrained: Undrained, etag: string | undefined): void {
    undrained.base = etag === undefined ? { kind: 'absent' } : { kind: 'match', etag };
  }

  /** An attempt under this name ended without an answer. */
  noteUnknown(undrained: Undrained): void {
    undrained.base = { kind: 'unknown' };
    undrained.unsafeUntilMs = this.#parts.clock.monotonicMs() + this.#parts.settings.quarantineMs;
  }

  isSafe({ unsafeUntilMs }: Undrained): boolean {
    return this.#parts.clock.monotonicMs() >= unsafeUntilMs;
  }

  #pump(): void {
    const { lease, settings, clock } = this.#parts;
    if (this.#isStopped || this.#pause !== undefined || this.#queue.size === 0) return;
    if (!lease.isHeld()) {
      this.#pause = clock.after(leasePauseMs, () => this.#goOn());
      return;
    }
    const most = this.#failures > 0 ? 1 : settings.concurrency;
    for (const undrained of this.#queue) {
      if (this.#turns.size >= most) return;
      // A name that is written all the time must not take all the turns.
      if (this.#turns.has(undrained)) continue;
      this.#queue.delete(undrained);
      if (undrained.isOver) continue;
      const turn = this.#turn(undrained).finally(() => {
        this.#turns.delete(undrained);
        this.#pump();
      });
      this.#turns.set(undrained, turn);
    }
  }

  #goOn(): void {
    this.#pause = undefined;
    this.#pump();
  }

  async #turn(undrained: Undrained): Promise<void> {
    try {
      await this.check(undrained);
      await this.exclusively(undrained, () => this.#drainOne(undrained));
      this.#failures = 0;
      this.#failingSinceMs = undefined;
    } catch (thrown) {
      this.#noteFailure(undrained, asSionError(thrown));
    }
  }

  async #drainOne(undrained: Undrained): Promise<void> {
    if (undrained.isOver || this.#isStopped) return;
    const { record } = undrained;
    if (undrained.storedSequence === record.sequence) {
      if (!this.isSafe(undrained)) return this.#later(undrained, undrained.unsafeUntilMs);
      // What lies there when nothing can land any more is what stays there: that has to be looked at.
      undrained.base = { kind: 'unknown' };
    }
    const stored = await this.#bringToStore(undrained, record);
    if (stored === 'superseded') {
      if (undrained.record === record && this.isSafe(undrained)) return this.#letGo(undrained, undefined);
    } else undrained.storedSequence = record.sequence;
    if (undrained.record !== record) return void this.#queue.add(undrained);
    if (!this.isSafe(undrained)) return this.#later(undrained, undrained.unsafeUntilMs);
    this.#parts.metrics.countDrained();
    const seenAs = undrained.object;
    this.#letGo(undrained, stored === 'superseded' ? undefined : stored?.etag);
    if (stored !== 'superseded') this.#parts.onDrained(undrained.name, seenAs, stored);
  }

  /** Gives what the store has then. */
  async #bringToStore(undrained: Undrained, record: JournalRecord): Promise<StoredObject | undefined | 'superseded'> {
    for (let look = 1; look <= maxLooks; look++) {
      const { base } = undrained;
      const seen = base.kind === 'unknown' ? await this.#parts.store.head(undrained.name) : undefined;
      // A later one has come meanwhile, and this one's bytes are the journal's no more.
      if (undrained.record !== record) return 'superseded';
      const step = base.kind === 'unknown' ? planDrain(changeOf(record), seen) : firstStep(record, base);
      // Ours was there, and what is there now is no attempt of ours: others have put it in its place.
      const isOfOthers = seen !== undefined && seen.metadata.version === undefined;
      if (step.kind === 'superseded' || (isOfOthers && undrained.storedSequence === record.sequence))
        return 'superseded';
      if (step.kind === 'done') {
        undrained.base = baseOf(seen);
        return seen;
      }
      const outcome = await this.#send(undrained, record, step);
      if (outcome === 'conflict') {
        undrained.base = { kind: 'unknown' };
        continue;
      }
      this.noteStored(undrained, outcome?.etag);
      return outcome;
    }
    throw new SionError('unavailable', `${undrained.name} kept changing in the store underneath; it is tried again`);
  }

  async #send(
    undrained: Undrained,
    record: JournalRecord,
    step: Exclude<DrainStep, { kind: 'done' | 'superseded' }>,
  ): Promise<StoredObject | undefined | 'conflict'> {
    const { store } = this.#parts;
    try {
      this.#assertLease();
      if (step.kind === 'delete') {
        const outcome = await store.delete(record.name, step.etag);
        return outcome.kind === 'conflict' ? 'conflict' : undefined;
      }
      if (record.change.kind === 'delete') throw new SionError('internal', 'a delete was planned as a write');
      const { metadata } = record.change;
      const outcome =
        step.kind === 'metadata'
          ? await store.replaceMetadata(record.name, step.etag, metadata)
          : await this.#put(record, step.etag);
      if (outcome.kind === 'conflict') return 'conflict';
      const known = undrained.object;
      const sizeBytes = record.change.kind === 'put' ? record.change.sizeBytes : (known?.sizeBytes ?? 0);
      return { name: record.name, sizeBytes, etag: outcome.etag, modifiedMs: record.modifiedMs, metadata };
    } catch (thrown) {
      const error = asSionError(thrown);
      if (mayHaveHappened(error)) this.noteUnknown(undrained);
      throw error;
    }
  }

  async #put(record: JournalRecord, etag: string | undefined) {
    if (record.change.kind !== 'put') throw new SionError('internal', 'a change without bytes was planned as a put');
    const { store, journal, settings } = this.#parts;
    const { metadata, sizeBytes } = record.change;
    const condition = etag === undefined ? { kind: 'absent' as const } : { kind: 'match' as const, etag };
    const body = journal.read(record);
    if (sizeBytes <= settings.wholeMaxBytes) {
      const pieces: Uint8Array[] = [];
      for await (const piece of body) pieces.push(piece);
      this.#assertLease();
      return await store.put(record.name, Buffer.concat(pieces, sizeBytes), metadata, condition);
    }
    const upload = await store.beginUpload(record.name, sizeBytes);
    try {
      for await (const piece of body) await upload.write(piece);
      this.#assertLease();
      const outcome = await upload.commit(metadata, condition);
      if (outcome.kind === 'conflict') await upload.abort();
      return outcome;
    } catch (thrown) {
      body.cancel();
      await upload.abort().catch(() => {});
      throw thrown;
    }
  }

  /** Whoever was deposed writes nothing any more. */
  #assertLease(): void {
    if (!this.#parts.lease.isHeld()) throw new SionError('closed', 'the lease cannot be proven at present');
  }

  #letGo(undrained: Undrained, drainedEtag: string | undefined): void {
    const { journal, names } = this.#parts;
    journal.retire(undrained.record);
    this.#timers.get(undrained)?.cancel();
    this.#timers.delete(undrained);
    names.end(undrained, drainedEtag);
  }

  #noteFailure(undrained: Undrained, { code, message }: SionError): void {
    if (this.#isStopped || undrained.isOver) return;
    const { clock, log, metrics } = this.#parts;
    metrics.countDrainRetry();
    const fields = { name: undrained.name, code, reason: message };
    if (code === 'corrupt' || code === 'internal' || code === 'invalid') {
      log.error('drain-failed', fields);
      return this.#later(undrained, clock.monotonicMs() + oddPauseMs);
    }
    if (this.#failures === 0) log.warn('drain-interrupted', fields);
    this.#failures++;
    this.#failingSinceMs ??= clock.monotonicMs();
    this.#queue.add(undrained);
    this.#pause ??= clock.after(this.#pauseMs(), () => this.#goOn());
  }

  #pauseMs(): number {
    const { random, settings } = this.#parts;
    const ceilingMs = Math.min(settings.retryMaxMs, settings.retryBaseMs * 2 ** Math.min(this.#failures - 1, 30));
    return ceilingMs / 2 + ((random.integer(jitterSteps) / jitterSteps) * ceilingMs) / 2;
  }

  #later(undrained: Undrained, atMs: number): void {
    const { clock } = this.#parts;
    if (this.#isStopped) return;
    this.#timers.get(undrained)?.cancel();
    const timer = clock.after(Math.max(0, atMs - clock.monotonicMs()), () => this.enqueue(undrained));
    this.#timers.set(undrained, timer);
  }
}

/** What to do first, when what the store has is known by its ETag alone: its condition finds out whether that is so. */
function firstStep(record: JournalRecord, base: { kind: 'absent' } | { kind: 'match'; etag: string }): DrainStep {
  const { change } = record;
  if (change.kind === 'put') return { kind: 'put', etag: base.kind === 'match' ? base.etag : undefined };
  if (base.kind === 'absent') return { kind: change.kind === 'delete' ? 'done' : 'superseded' };
  return { kind: change.kind, etag: base.etag };
}

function baseOf(seen: SeenObject | undefined): { kind: 'absent' } | { kind: 'match'; etag: string } {
  return seen === undefined ? { kind: 'absent' } : { kind: 'match', etag: seen.etag };
}

function changeOf({ version, base, change }: JournalRecord): DrainChange {
  if (change.kind !== 'delete') return { version, change };
  return { version, change: { kind: 'delete', ...(base.kind === 'match' ? { of: base.etag } : {}) } };
}
