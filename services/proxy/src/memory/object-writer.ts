/**
 * Takes one object's bytes in order and spreads them over nodes, fragment after fragment (`fragment-writer.ts`), going on
 * with the next while the nodes answer. Memory is bounded by the proxy's byte budget; when that is exhausted
 * for longer than the patience, no node has room, or functions have cost what they may, placing is given up.
 *
 * Must never reject: a failed placing is an object that is served from the store.
 */
import { combineCrc32, type LayoutId, type Stripe, stripeOf } from '@sion/core';
import type { RequestAccount } from '../objects/request-account.ts';
import { type Cut, FragmentWriter, memoryOf } from './fragment-writer.ts';
import type { ObjectMemory } from './object-memory.ts';
import { ChunkTally, type PlacedFragment, PlacedObject } from './placed-object.ts';

export interface ObjectWriterOptions {
  /** Where it is known. */
  readonly sizeBytes: number | undefined;
  readonly account: RequestAccount | undefined;
  /** It is to be nowhere else. */
  readonly isOnlyHere: boolean;
}

export class ObjectWriter {
  readonly #memory: ObjectMemory;
  readonly #id: LayoutId;
  readonly #fragments: (PlacedFragment | undefined)[] = [];
  readonly #tally = new ChunkTally();
  readonly #stores: Promise<void>[] = [];
  /** Bytes of a stream of unknown size that is still short enough for a narrower stripe. */
  #undecided: Uint8Array[] = [];
  #undecidedBytes = 0;
  /** On the budget's account for the undecided ones. */
  #undecidedReservedBytes = 0;
  #cut: Cut | undefined;
  #fragment: FragmentWriter | undefined;
  #takenBytes = 0;
  #checksum = 0;
  #offeredBytes = 0;
  #givenUp = false;
  readonly #sizeBytes: number | undefined;
  readonly #account: RequestAccount | undefined;
  readonly #isOnlyHere: boolean;

  constructor(memory: ObjectMemory, { sizeBytes, account, isOnlyHere }: ObjectWriterOptions) {
    this.#memory = memory;
    this.#account = account;
    this.#isOnlyHere = isOnlyHere;
    this.#id = memory.parts.nextLayoutId();
    memory.track(this.#id, this.#fragments);
    this.#sizeBytes = sizeBytes;
    if (sizeBytes !== undefined) this.#cut = memory.layoutOf(sizeBytes);
  }

  /** Takes the next bytes (copied). Waits, within the patience, when too much is under way. */
  async offer(bytes: Uint8Array): Promise<void> {
    if (this.#givenUp) return;
    this.#offeredBytes += bytes.length;
    if (this.#offeredBytes > this.#memory.parts.maxObjectBytes) return this.#bypass();
    if (this.#cut !== undefined) return await this.#fill(this.#cut, bytes);
    if (!(await this.#reserveUndecided(bytes.length))) return this.abandon();
    this.#undecided.push(new Uint8Array(bytes));
    this.#undecidedBytes += bytes.length;
    const widest = widestStripe(this.#memory.parts.stripes);
    if (this.#undecidedBytes <= widest.fromBytes) return;
    const { dataChunks, parityChunks } = widest.stripe;
    this.#cut = { dataChunks, parityChunks, fragmentBytes: dataChunks * this.#memory.parts.maxChunkBytes };
    await this.#fillUndecided(this.#cut);
  }

  /**
   * The object is whole. Gives its placement, whose chunks become held as nodes answer; undefined when placing was given
   * up. Does not wait for nodes: {@link settled} does.
   */
  async finish(): Promise<PlacedObject | undefined> {
    if (this.#cut === undefined) {
      const layout = this.#memory.layoutOf(this.#undecidedBytes);
      this.#cut = layout;
      await this.#fillUndecided(layout);
    }
    if (!this.#givenUp && this.#fragment !== undefined) this.#finishFragment(this.#fragment);
    if (this.#sizeBytes !== undefined && this.#takenBytes !== this.#sizeBytes) this.abandon();
    if (this.#givenUp) return undefined;
    const object = new PlacedObject(this.#id, this.#memory.layoutOf(this.#takenBytes), this.#fragments, this.#tally);
    object.touchedMs = this.#memory.parts.clock.monotonicMs();
    void this.settled().then(() => {
      if (!object.complete && !object.dropped) this.#memory.parts.metrics.countUnplaced();
    });
    return object;
  }

  /** Placing was given up: nothing more is taken. */
  get isGivenUp(): boolean {
    return this.#givenUp;
  }

  /** CRC-32 of what was taken; once it is finished. */
  get checksum(): number {
    return this.#checksum;
  }

  /** When every node has answered. */
  async settled(): Promise<void> {
    await Promise.all(this.#stores);
  }

  /** Gives placing up and frees what was placed. Safe at any time before `finish`. */
  abandon(): void {
    if (this.#givenUp) return;
    this.#memory.parts.metrics.countUnplaced();
    this.#giveUp();
  }

  /** It has turned out to be too large for memory. */
  #bypass(): void {
    this.#memory.parts.metrics.countBypassed();
    this.#giveUp();
  }

  #giveUp(): void {
    this.#givenUp = true;
    this.#undecided = [];
    this.#releaseUndecided(this.#undecidedReservedBytes);
    this.#letGo();
    this.#memory.free(this.#id, this.#fragments);
  }

  async #fillUndecided(cut: Cut): Promise<void> {
    const pieces = this.#undecided;
    this.#undecided = [];
    for (const piece of pieces) {
      await this.#fill(cut, piece);
      this.#releaseUndecided(piece.length);
    }
  }

  async #reserveUndecided(bytes: number): Promise<boolean> {
    const { budget, clock, patienceMs } = this.#memory.parts;
    if (!(await budget.acquireWithin(bytes, patienceMs, clock))) return false;
    this.#undecidedReservedBytes += bytes;
    if (this.#givenUp) this.#releaseUndecided(bytes);
    return !this.#givenUp;
  }

  /** At most what is still reserved: giving up has given all of it back. */
  #releaseUndecided(bytes: number): void {
    const releasedBytes = Math.min(bytes, this.#undecidedReservedBytes);
    this.#undecidedReservedBytes -= releasedBytes;
    this.#memory.parts.budget.release(releasedBytes);
  }

  async #fill(cut: Cut, bytes: Uint8Array): Promise<void> {
    let taken = 0;
    while (taken < bytes.length && !this.#givenUp) {
      const fragment = this.#fragment ?? (await this.#openFragment(cut));
      if (fragment === undefined) return this.abandon();
      const part = fragment.take(bytes.subarray(taken));
      if (part === undefined) return this.abandon();
      taken += part;
      this.#takenBytes += part;
      if (fragment.isFull) this.#finishFragment(fragment);
    }
  }

  async #openFragment(cut: Cut): Promise<FragmentWriter | undefined> {
    const memory = this.#memory;
    if (memory.isSaving && !this.#isOnlyHere) return undefined;
    const leftBytes = (this.#sizeBytes ?? Number.POSITIVE_INFINITY) - this.#takenBytes;
    const lengthBytes = Math.min(cut.fragmentBytes, leftBytes);
    if (lengthBytes <= 0) return undefined;
    const reservedBytes = memoryOf(cut, lengthBytes);
    const { budget, clock, patienceMs } = memory.parts;
    if (!(await budget.acquireWithin(reservedBytes, patienceMs, clock))) return undefined;
    if (this.#givenUp) {
      budget.release(reservedBytes);
      return undefined;
    }
    this.#fragment = new FragmentWriter({
      ...{ memory, id: this.#id, cut, lengthBytes, reservedBytes, account: this.#account },
      ...{ tally: this.#tally, fragments: this.#fragments, isLengthCertain: this.#sizeBytes !== undefined },
    });
    return this.#fragment;
  }

  #finishFragment(fragment: FragmentWriter): void {
    const checksum = fragment.finish();
    if (checksum === undefined) return this.abandon();
    this.#checksum = combineCrc32(this.#checksum, checksum, fragment.filledBytes);
    this.#letGo();
  }

  /** The present fragment goes on by itself until its nodes have answered. */
  #letGo(): void {
    if (this.#fragment !== undefined) this.#stores.push(this.#fragment.settled());
    this.#fragment = undefined;
  }
}

/** The table's last row, and the largest size that still has a narrower one. */
function widestStripe(stripes: readonly Stripe[]): { readonly stripe: Stripe; readonly fromBytes: number } {
  const fromBytes = stripes.at(-2)?.upToBytes ?? 0;
  return { stripe: stripeOf(Number.MAX_SAFE_INTEGER, stripes), fromBytes };
}
