/**
 * One suite for every `Store`: what each promises, whatever it is made of. A store runs it by
 * `storeConformance('directory', open, {})`; what a store cannot do is named with the reason, and skipped under it.
 */
import type { Store } from '@sion/components';
import { afterEach, beforeEach, describe, test } from 'vitest';
import { describeConditions } from './conditions.ts';
import { describeListing } from './listing.ts';
import { describeMetadata } from './metadata.ts';
import { describeNames } from './names.ts';
import { describeOverwrites } from './overwrites.ts';
import { describeReads } from './reads.ts';
import { describeUploads } from './uploads.ts';
import { describeWriters } from './writers.ts';

/** A fresh, empty store for one test. */
export interface StoreSubject {
  /** Opens the same store once more, as another process would: neither claimed, nor sharing memory with others. */
  open(): Promise<Store>;
  /** Removes the store; all that was opened has been closed before. */
  remove(): Promise<void>;
}

/**
 * What not every store can do. `reopen`: what was written is there when it is opened again. `fencing`: a claim ends
 * earlier writers. `ownership`: who has not claimed cannot write. `own-etags`: the same bytes under new metadata have a
 * new ETag. `exact-deletes`: of deletes at once one knows that it was the one. `exact-races`: whoever loses a race of
 * writes is told that it did.
 */
export type StoreCapability = 'reopen' | 'fencing' | 'ownership' | 'own-etags' | 'exact-deletes' | 'exact-races';

/** What a store lacks, and why. */
export type StoreLacks = Readonly<Partial<Record<StoreCapability, string>>>;

/** The tests' view of the store under test, renewed for each test. */
export interface StoreBench {
  /** Claimed. */
  readonly store: Store;
  /** Opens the store again; closed after the test. */
  open(): Promise<Store>;
}

/** A test that is skipped, with the reason in its name, where the store lacks the capability. */
export type CapableTest = (name: string, run: () => Promise<void>) => void;

/** Runs the whole suite on a store. */
export function storeConformance(name: string, create: () => Promise<StoreSubject>, lacks: StoreLacks): void {
  describe(`store conformance: ${name}`, () => {
    let subject: StoreSubject;
    let store: Store;
    let opened: Store[];
    const open = async () => {
      const another = await subject.open();
      opened.push(another);
      return another;
    };
    beforeEach(async () => {
      subject = await create();
      opened = [];
      store = await open();
      await store.claim();
    });
    afterEach(async () => {
      for (const each of opened) await each.close();
      await subject.remove();
    });
    const bench: StoreBench = {
      get store() {
        return store;
      },
      open,
    };
    const needs = (capability: StoreCapability): CapableTest => {
      const reason = lacks[capability];
      const why = reason === undefined ? '' : ` (${name} lacks ${capability}: ${reason})`;
      return (title, run) => test.skipIf(why !== '')(`${title}${why}`, run);
    };

    describeConditions(bench, needs);
    describeReads(bench);
    describeUploads(bench, needs);
    describeMetadata(bench, needs);
    describeListing(bench);
    describeNames(bench);
    describeOverwrites(bench);
    describeWriters(bench, needs);
  });
}
