/**
 * The store as the engine sees it when there is a journal: what the journal holds lies over what the store has, so readers
 * see every acknowledged write at once, whether it has reached the store or not. What is written here is acknowledged when
 * the store has confirmed it; `deferred-writes.ts` is the other face, which acknowledges when the journal has.
 *
 * A write to a name of which nothing is undrained goes to the store and nowhere else. To one that has something undrained it
 * goes through the journal as well, and waits until the drain has brought it to the store: so one party alone writes to
 * the store under a name, and an attempt of the drain that lands late is met by the record that is kept against it.
 *
 * Must never acknowledge what a replay of the journal would undo: a change that goes past the journal makes durable first
 * that older records of its name are not replayed.
 */
import type {
  ByteRange,
  DeleteOutcome,
  GetOptions,
  GetOutcome,
  ListOptions,
  ListPage,
  Store,
  StoredMetadata,
  StoredObject,
  Upload,
  WriteCondition,
  WriteOutcome,
} from '@sion/components';
import { asSionError, SionError } from '@sion/wire';
import type { JournalChange, JournalRecord } from './journal-log.ts';
import { holds, isOfJournal, type Journaling, NewBodies, recordChange, undrainedOf, waitUntil } from './journaling.ts';
import { overlayPage } from './listing-overlay.ts';
import { isJournalEtag, journalEtag, mayHaveHappened, type Undrained } from './undrained.ts';

const maxLooks = 8;

export class JournaledStore implements Store {
  readonly #store: Store;
  readonly #journaling: Journaling;

  /** `store` is the real one, perhaps one that tells a request's account. */
  constructor(store: Store, journaling: Journaling) {
    this.#store = store;
    this.#journaling = journaling;
  }

  claim(): Promise<void> {
    return this.#store.claim();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async head(name: string): Promise<StoredObject | undefined> {
    const undrained = await undrainedOf(this.#journaling, name);
    return undrained === undefined ? await this.#store.head(name) : undrained.object;
  }

  async get(name: string, options: GetOptions = {}): Promise<GetOutcome> {
    for (let look = 1; look <= maxLooks; look++) {
      const undrained = await undrainedOf(this.#journaling, name);
      if (undrained === undefined) return await this.#getStored(name, options);
      // Between the look and this, the store may have confirmed it.
      if (undrained.isOver) continue;
      const { object, record } = undrained;
      if (object === undefined) return { kind: 'miss' };
      if (options.ifMatch !== undefined && options.ifMatch !== object.etag) return { kind: 'superseded' };
      const range = clip(options.range, object.sizeBytes);
      if (range === undefined) return { kind: 'outside', object };
      if (record.change.kind === 'put') {
        return { kind: 'hit', object, range, body: this.#journaling.journal.read(record, range) };
      }
      const got = await this.#getBeneath(undrained, object, options.range);
      if (got !== undefined) return got;
    }
    throw new SionError('unavailable', `${name} kept changing in the store underneath; retry later`);
  }

  async put(
    name: string,
    bytes: Uint8Array,
    metadata: StoredMetadata,
    condition: WriteCondition,
  ): Promise<WriteOutcome> {
    const undrained = await undrainedOf(this.#journaling, name);
    if (undrained === undefined) {
      if (isOfJournal(condition)) return { kind: 'conflict' };
      return await this.#store.put(name, bytes, metadata, condition);
    }
    if (!holds(undrained, condition)) return { kind: 'conflict' };
    const bodies = new NewBodies(this.#journaling);
    return await this.#through(
      undrained,
      async () => ({ kind: 'put', metadata, body: await bodies.of(bytes) }),
      () => bodies.discard(),
    );
  }

  async beginUpload(name: string, sizeBytes?: number): Promise<Upload> {
    const upload = await this.#store.beginUpload(name, sizeBytes);
    let takenBytes = 0;
    return {
      write: (bytes) => {
        takenBytes += bytes.length;
        return upload.write(bytes);
      },
      commit: (metadata, condition) => this.#commit(upload, { name, sizeBytes: takenBytes, metadata }, condition),
      abort: () => upload.abort(),
      get requestCount() {
        return upload.requestCount;
      },
    };
  }

  async replaceMetadata(name: string, etag: string, metadata: StoredMetadata): Promise<WriteOutcome> {
    const undrained = await undrainedOf(this.#journaling, name);
    if (undrained === undefined) {
      if (isJournalEtag(etag)) return { kind: 'conflict' };
      const outcome = await this.#store.replaceMetadata(name, etag, metadata);
      if (outcome.kind === 'written') await this.#forget(name);
      return outcome;
    }
    const { object, record } = undrained;
    if (object?.etag !== etag) return { kind: 'conflict' };
    const change =
      record.change.kind === 'put'
        ? ({ kind: 'put', metadata, body: { kind: 'reuse', record } } as const)
        : ({ kind: 'metadata', metadata, of: etagBeneath(undrained) } as const);
    return await this.#through(undrained, () => change);
  }

  async delete(name: string, etag: string): Promise<DeleteOutcome> {
    const undrained = await undrainedOf(this.#journaling, name);
    if (undrained === undefined) {
      if (isJournalEtag(etag)) return { kind: 'conflict' };
      const outcome = await this.#store.delete(name, etag);
      if (outcome.kind !== 'conflict') await this.#forget(name);
      return outcome;
    }
    if (undrained.object === undefined) return { kind: 'missing' };
    if (undrained.object.etag !== etag) return { kind: 'conflict' };
    const { kind } = await this.#through(undrained, () => ({ kind: 'delete' }));
    return { kind: kind === 'conflict' ? 'conflict' : 'deleted' };
  }

  async list(prefix: string, options: ListOptions): Promise<ListPage> {
    const { names, drain, volatiles } = this.#journaling;
    for (const undrained of names.values()) if (!undrained.isChecked) await drain.check(undrained);
    return await overlayPage(this.#store, prefix, options, [volatiles, names]);
  }

  async #getStored(name: string, options: GetOptions): Promise<GetOutcome> {
    // Drained meanwhile: the store has it under another tag, which whoever asks has to look up.
    if (options.ifMatch !== undefined && isJournalEtag(options.ifMatch)) return { kind: 'superseded' };
    return await this.#store.get(name, options);
  }

  /** Bytes that the store has, under metadata that it may not have yet; undefined when they are there no more. */
  async #getBeneath(
    undrained: Undrained,
    object: StoredObject,
    range: ByteRange | undefined,
  ): Promise<GetOutcome | undefined> {
    const ifMatch = etagBeneath(undrained);
    const got = await this.#store.get(object.name, { ifMatch, ...(range === undefined ? {} : { range }) });
    if (got.kind === 'hit' || got.kind === 'outside') {
      if (hasBytesOf(got.object, object)) return { ...got, object };
      // A later write is in the store, and about to be what readers see.
      if (got.kind === 'hit') got.body.cancel();
    }
    if (undrained.isOver || undrained.object !== object) return undefined;
    // Replaced, by that or by others: the change was meant for what is no more. Whoever writes has ended when it is looked up.
    undrained.isChecked = false;
    return undefined;
  }

  /** A write past which something older of its name is undrained: by way of the journal, until the store has it. */
  async #through(
    undrained: Undrained,
    makeChange: () => JournalChange | Promise<JournalChange>,
    discard = async () => {},
  ): Promise<WriteOutcome> {
    const { confirmMs, clock } = this.#journaling;
    const { name } = undrained;
    let recorded: JournalRecord;
    try {
      const made = makeChange();
      // Nothing may come between where the present record is referred to.
      const change = made instanceof Promise ? await made : made;
      recorded = await recordChange(this.#journaling, name, change, undrained.base);
    } catch (thrown) {
      await discard();
      const error = asSionError(thrown);
      if (error.code === 'indeterminate') throw error;
      // No room beside what is undrained: once that is gone, the way to the store is free.
      if (await waitUntil(clock, undrained, confirmMs, () => undrained.isOver)) return { kind: 'conflict' };
      throw new SionError(
        'unavailable',
        `an earlier write of this key waits in the journal, which has no room for another: ${error.message}`,
      );
    }
    return await this.confirm(name, recorded.sequence);
  }

  /** Waits until the store has confirmed what the journal has of this name; rejects with `indeterminate` in the end. */
  async confirm(name: string, sequence?: number): Promise<WriteOutcome & { readonly kind: 'written' }> {
    const { drain, confirmMs, clock, names } = this.#journaling;
    const present = names.get(name);
    if (present === undefined) {
      // It has been confirmed already; only its tag is not known.
      const object = await this.#store.head(name).catch(() => undefined);
      return { kind: 'written', etag: object?.etag ?? journalEtag('') };
    }
    const awaited = sequence ?? present.record.sequence;
    const isStored = () => present.isOver || present.storedSequence >= awaited;
    drain.enqueue(present);
    if (await waitUntil(clock, present, confirmMs, isStored)) {
      return { kind: 'written', etag: present.drainedEtag ?? present.object?.etag ?? '' };
    }
    throw new SionError(
      'indeterminate',
      `the store has not confirmed the change within ${confirmMs} ms; it is in the journal, and goes on being tried`,
    );
  }

  /** An upload's bytes lie in the store already, and not in the journal. */
  async #commit(
    upload: Upload,
    written: Pick<StoredObject, 'name' | 'sizeBytes' | 'metadata'>,
    condition: WriteCondition,
  ): Promise<WriteOutcome> {
    const { drain } = this.#journaling;
    const { name, metadata } = written;
    const undrained = await undrainedOf(this.#journaling, name);
    if (undrained === undefined) {
      return isOfJournal(condition) ? { kind: 'conflict' } : await upload.commit(metadata, condition);
    }
    return await drain.exclusively(undrained, async (): Promise<WriteOutcome> => {
      if (undrained.isOver || !holds(undrained, condition)) return { kind: 'conflict' };
      for (let look = 1; look <= maxLooks; look++) {
        if (undrained.base.kind === 'unknown') drain.noteStored(undrained, (await this.#store.head(name))?.etag);
        const { base } = undrained;
        if (base.kind === 'unknown') continue;
        const outcome = await upload.commit(metadata, base).catch((thrown: unknown) => {
          if (mayHaveHappened(asSionError(thrown))) drain.noteUnknown(undrained);
          throw thrown;
        });
        if (outcome.kind === 'written') return await this.#supersede(undrained, { ...written, etag: outcome.etag });
        undrained.base = { kind: 'unknown' };
      }
      return { kind: 'conflict' };
    });
  }

  /** An upload was put in place of what is undrained. */
  async #supersede(
    undrained: Undrained,
    stored: Pick<StoredObject, 'name' | 'sizeBytes' | 'metadata' | 'etag'>,
  ): Promise<WriteOutcome> {
    const { drain, names, journal, clock } = this.#journaling;
    const { name, etag, metadata } = stored;
    if (drain.isSafe(undrained)) {
      journal.retire(undrained.record);
      names.end(undrained, undefined);
      return { kind: 'written', etag };
    }
    // Kept against an attempt that may still land: with what the store has now as what it should have.
    try {
      const object = { ...stored, modifiedMs: clock.wallMs() };
      const change = { kind: 'metadata', metadata, of: etag } as const;
      const { sequence } = await recordChange(this.#journaling, name, change, { kind: 'match', etag }, object);
      undrained.storedSequence = sequence;
      drain.noteStored(undrained, etag);
    } catch (thrown) {
      undrained.base = { kind: 'unknown' };
      const message = `the object is in the store, but the journal could not note it: ${asSionError(thrown).message}`;
      throw new SionError('indeterminate', message, { cause: thrown });
    }
    return { kind: 'written', etag: undrained.object?.etag ?? etag };
  }

  async #forget(name: string): Promise<void> {
    const { journal } = this.#journaling;
    if (!journal.hasTrace(name)) return;
    try {
      await journal.forget(name);
    } catch (thrown) {
      const message = `the change is in the store, but the journal could not note it: ${asSionError(thrown).message}`;
      throw new SionError('indeterminate', message, { cause: thrown });
    }
  }
}

/** Whether what the store has is the version that readers see; what others put has none until its metadata is changed. */
function hasBytesOf(stored: StoredObject, seen: StoredObject): boolean {
  const { version } = stored.metadata;
  return version === undefined || version === seen.metadata.version;
}

/** The tag under which the store has the bytes whose metadata alone was changed. */
function etagBeneath({ base, record }: Undrained): string {
  if (base.kind === 'match') return base.etag;
  return record.change.kind === 'metadata' ? record.change.of : '';
}

function clip(range: ByteRange | undefined, sizeBytes: number): ByteRange | undefined {
  if (range === undefined) return { start: 0, end: sizeBytes };
  const end = Math.min(range.end, sizeBytes);
  return range.start < end ? { start: range.start, end } : undefined;
}
