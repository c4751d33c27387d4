/**
 * Writes that are acknowledged when the journal has them (durability `journal`): the store follows. A write that finds the
 * journal at its bound, or its disk failing, goes to the store at once and is acknowledged when that has confirmed it.
 *
 * Conditions are judged against what readers see. `unknown` stands for a write that asks nothing of what is there, of a key
 * that nobody has looked up: it goes on while the store is away.
 */
import type { DeleteOutcome, StoredMetadata, StoredObject, WriteCondition, WriteOutcome } from '@sion/components';
import { asSionError, type SionError } from '@sion/wire';
import type { BlobWriter, FinishedBlob, JournalChange } from './journal-log.ts';
import type { JournaledStore } from './journaled-store.ts';
import { holds, isOfJournal, type Journaling, NewBodies, recordChange, undrainedOf } from './journaling.ts';
import { journalEtag, type Undrained } from './undrained.ts';

export type DeferredCondition = WriteCondition | { readonly kind: 'unknown' };

/** What became of a write: by which durability it is acknowledged in the end. */
export type DeferredOutcome =
  | (WriteOutcome & { readonly by: 'journal' | 'store' })
  | { readonly kind: 'deleted'; readonly by: 'journal' | 'store' };

/** An upload into the journal's own file. */
export interface DeferredUpload {
  write(bytes: Uint8Array): Promise<void>;
  commit(metadata: StoredMetadata, condition: DeferredCondition): Promise<DeferredOutcome>;
  abort(): Promise<void>;
}

export class DeferredWrites {
  readonly #store: JournaledStore;
  readonly #journaling: Journaling;
  readonly #onFull: (error: SionError) => void;

  /** `store`: where a write goes that the journal does not take; `onFull` is told of each. */
  constructor(store: JournaledStore, journaling: Journaling, onFull: (error: SionError) => void) {
    this.#store = store;
    this.#journaling = journaling;
    this.#onFull = onFull;
  }

  async put(
    name: string,
    bytes: Uint8Array,
    metadata: StoredMetadata,
    condition: DeferredCondition,
  ): Promise<DeferredOutcome> {
    const bodies = new NewBodies(this.#journaling);
    const change = async () => ({ kind: 'put', metadata, body: await bodies.of(bytes) }) as const;
    const past = async () => {
      await bodies.discard();
      const known = condition.kind === 'unknown' ? await this.#presentCondition(name) : condition;
      return await this.#store.put(name, bytes, metadata, known);
    };
    try {
      return await this.#record(name, change, condition, past);
    } finally {
      await bodies.discard();
    }
  }

  /** Replaces the metadata of an object that readers see. */
  async replaceMetadata(object: StoredObject, metadata: StoredMetadata): Promise<DeferredOutcome> {
    const { name, etag } = object;
    const change = (undrained: Undrained | undefined): JournalChange => {
      const record = undrained?.record;
      if (record?.change.kind === 'put') return { kind: 'put', metadata, body: { kind: 'reuse', record } };
      return { kind: 'metadata', metadata, of: record?.change.kind === 'metadata' ? record.change.of : etag };
    };
    const past = () => this.#store.replaceMetadata(name, etag, metadata);
    return await this.#record(name, change, { kind: 'match', etag }, past, object);
  }

  async delete({ name, etag }: StoredObject): Promise<DeferredOutcome> {
    const change = (): JournalChange => ({ kind: 'delete' });
    return await this.#record(name, change, { kind: 'match', etag }, () => this.#store.delete(name, etag));
  }

  /** Waits for the store to confirm what was acknowledged by the journal. */
  confirm(name: string): Promise<WriteOutcome & { readonly kind: 'written' }> {
    return this.#store.confirm(name);
  }

  /** Undefined when the journal has no room for it. */
  async beginUpload(name: string, sizeBytes?: number): Promise<DeferredUpload | undefined> {
    let blob: BlobWriter;
    try {
      blob = await this.#journaling.journal.beginBlob(sizeBytes);
    } catch (thrown) {
      this.#onFull(asSionError(thrown));
      return undefined;
    }
    let finished: FinishedBlob | undefined;
    let isOver = false;
    return {
      write: (bytes) => blob.write(bytes),
      commit: async (metadata, condition) => {
        finished ??= await blob.finish();
        const body = { kind: 'blob', blob: finished } as const;
        const outcome = await this.#record(name, () => ({ kind: 'put', metadata, body }), condition, undefined);
        isOver = outcome.kind !== 'conflict';
        return outcome;
      },
      abort: async () => {
        if (!isOver) await blob.abort();
      },
    };
  }

  /** `past`: the way past the journal, where there is one. */
  async #record(
    name: string,
    makeChange: (undrained: Undrained | undefined) => JournalChange | Promise<JournalChange>,
    condition: DeferredCondition,
    past: (() => Promise<WriteOutcome | DeleteOutcome>) | undefined,
    object?: StoredObject,
  ): Promise<DeferredOutcome> {
    const undrained = await undrainedOf(this.#journaling, name);
    if (condition.kind !== 'unknown') {
      if (undrained === undefined ? isOfJournal(condition) : !holds(undrained, condition)) return conflict;
    }
    let change: JournalChange;
    try {
      const made = makeChange(undrained);
      // Nothing may come between where the present record is referred to.
      change = made instanceof Promise ? await made : made;
      await recordChange(this.#journaling, name, change, undrained?.base ?? condition, object);
    } catch (thrown) {
      const error = asSionError(thrown);
      if (error.code === 'indeterminate' || past === undefined) throw error;
      this.#onFull(error);
      const outcome = await past();
      if (outcome.kind === 'written') return { ...outcome, by: 'store' };
      return outcome.kind === 'conflict' ? conflict : { kind: 'deleted', by: 'store' };
    }
    if (change.kind === 'delete') return { kind: 'deleted', by: 'journal' };
    const seen = this.#journaling.names.get(name)?.object;
    return { kind: 'written', etag: seen?.etag ?? journalEtag(change.metadata.version ?? ''), by: 'journal' };
  }

  async #presentCondition(name: string): Promise<WriteCondition> {
    const object = await this.#store.head(name);
    return object === undefined ? { kind: 'absent' } : { kind: 'match', etag: object.etag };
  }
}

const conflict = { kind: 'conflict', by: 'journal' } as const;
