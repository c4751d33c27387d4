/**
 * What the journal holds and the store may not have yet, by name: the layer that readers see over the store. Names are kept
 * in order as well, so that a listing can be overlaid page by page. Plain state: it neither waits nor sends.
 */
import type { StoredObject } from '@sion/components';
import { compareNames } from '@sion/core';
import type { SionError } from '@sion/wire';
import type { BelievedBefore, JournalRecord } from './journal-log.ts';

/** The state of one name; there is one while any record of it is neither in the store for certain nor superseded. */
export interface Undrained {
  readonly name: string;
  /** The latest. */
  record: JournalRecord;
  /** What readers see; undefined = deleted. */
  object: StoredObject | undefined;
  /** What the store has beneath, as far as that is known. */
  base: BelievedBefore;
  /** Until then, by the monotonic clock, an attempt whose result is unknown may still land. */
  unsafeUntilMs: number;
  /** False after a replay, until the store was asked whether it has something later. */
  isChecked: boolean;
  /** The record that the store is known to have had, by its sequence. */
  storedSequence: number;
  /** Set while somebody writes to the store under this name: one at a time. */
  busy: Promise<void> | undefined;
  /** It is over: drained, or superseded. */
  isOver: boolean;
  /** With the ETag that the store gave, once it is over by having been drained. */
  drainedEtag: string | undefined;
  /** Told whenever a turn of draining has ended. */
  readonly watchers: Set<() => void>;
}

export function newUndrained(record: JournalRecord, object: StoredObject | undefined): Undrained {
  return {
    ...{ name: record.name, record, object, base: record.base },
    unsafeUntilMs: Number.NEGATIVE_INFINITY,
    isChecked: true,
    storedSequence: -1,
    busy: undefined,
    isOver: false,
    drainedEtag: undefined,
    watchers: new Set(),
  };
}

/** The store was seen to have its latest record, which is kept only against attempts that may still land. */
export function isStored({ isOver, storedSequence, record }: Undrained): boolean {
  return !isOver && storedSequence >= record.sequence;
}

/** ETag of a version that the store has not confirmed; S3 and the directory give none like it. */
export function journalEtag(version: string): string {
  return `"j-${version}"`;
}

export function isJournalEtag(etag: string): boolean {
  return etag.startsWith('"j-');
}

/** Whether an attempt to write that ended so may have landed, or may land yet. */
export function mayHaveHappened({ code }: SionError): boolean {
  return code === 'indeterminate' || code === 'internal';
}

/** Names in byte order. */
export class SortedNames {
  readonly #names: string[] = [];

  add(name: string): void {
    const at = this.#positionOf(name);
    if (this.#names[at] !== name) this.#names.splice(at, 0, name);
  }

  remove(name: string): void {
    const at = this.#positionOf(name);
    if (this.#names[at] === name) this.#names.splice(at, 1);
  }

  /** Names with `prefix` after `after` (undefined = from the first), in order, lazily. */
  *after(prefix: string, after: string | undefined): Generator<string> {
    const from =
      after === undefined || compareNames(after, prefix) < 0 ? this.#positionOf(prefix) : this.#behind(after);
    for (let at = from; at < this.#names.length; at++) {
      const name = this.#names[at];
      if (name === undefined || !name.startsWith(prefix)) return;
      yield name;
    }
  }

  #behind(name: string): number {
    const at = this.#positionOf(name);
    return this.#names[at] === name ? at + 1 : at;
  }

  /** Of the first name that is not before `name`. */
  #positionOf(name: string): number {
    let [low, high] = [0, this.#names.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareNames(this.#names[middle] ?? '', name) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export class UndrainedNames {
  readonly sorted = new SortedNames();
  readonly #byName = new Map<string, Undrained>();

  get size(): number {
    return this.#byName.size;
  }

  get(name: string): Undrained | undefined {
    return this.#byName.get(name);
  }

  values(): IterableIterator<Undrained> {
    return this.#byName.values();
  }

  add(undrained: Undrained): void {
    this.#byName.set(undrained.name, undrained);
    this.sorted.add(undrained.name);
  }

  /** It is over; whoever waits for it is told. */
  end(undrained: Undrained, drainedEtag: string | undefined): void {
    undrained.isOver = true;
    undrained.drainedEtag = drainedEtag;
    this.#byName.delete(undrained.name);
    this.sorted.remove(undrained.name);
    tell(undrained);
  }
}

/** Calls everybody who waits for a turn of draining to end. */
export function tell({ watchers }: Undrained): void {
  for (const watcher of [...watchers]) watcher();
}
