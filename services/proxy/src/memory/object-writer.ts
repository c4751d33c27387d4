/**
 * Takes one object's bytes in order and spreads them over nodes: collects a fragment, adds parity, sends the chunks, goes
 * on with the next fragment while the nodes answer. Memory is bounded by the proxy's byte budget; when that is exhausted
 * for longer than the patience, no node has room, or functions have cost what they may, placing is given up.
 *
 * Must never reject: a failed placing is an object that is served from the store.
 */
import { crc32 } from 'node:zlib';
import { type Layout, type LayoutId, type Stripe, stripeOf } from '@sion/core';
import type { NodeIndex } from '../fleet/fleet.ts';
import type { RequestAccount } from '../objects/request-account.ts';
import { FragmentBuffer } from './fragment-buffer.ts';
import type { ObjectMemory } from './object-memory.ts';
import { ChunkTally, PlacedFragment, PlacedObject } from './placed-object.ts';

/** The part of a layout that cutting needs; it is known before the size of a long stream is. */
interface Cut {
  readonly dataChunks: number;
  readonly parityChunks: number;
  readonly fragmentBytes: number;
}

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
  #buffer: FragmentBuffer | undefined;
  #reservedBytes = 0;
  #filled = 0;
  #takenBytes = 0;
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
    if (!this.#givenUp && this.#filled > 0) this.#flush(this.#cut);
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
    this.#releaseBuffer();
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
      const buffer = this.#buffer ?? (await this.#openFragment(cut));
      if (buffer === undefined) return this.abandon();
      const part = bytes.subarray(taken, taken + buffer.bytes.length - this.#filled);
      buffer.bytes.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      this.#takenBytes += part.length;
      buffer.advance(this.#filled);
      if (this.#filled === buffer.bytes.length) this.#flush(cut);
    }
  }

  async #openFragment(cut: Cut): Promise<FragmentBuffer | undefined> {
    if (this.#memory.isSaving && !this.#isOnlyHere) return undefined;
    const leftBytes = (this.#sizeBytes ?? Number.POSITIVE_INFINITY) - this.#takenBytes;
    const lengthBytes = Math.min(cut.fragmentBytes, leftBytes);
    if (lengthBytes <= 0) return undefined;
    const reserveBytes = lengthBytes + cut.parityChunks * Math.ceil(lengthBytes / cut.dataChunks);
    const { budget, clock, patienceMs } = this.#memory.parts;
    if (!(await budget.acquireWithin(reserveBytes, patienceMs, clock))) return undefined;
    if (this.#givenUp) {
      budget.release(reserveBytes);
      return undefined;
    }
    this.#reservedBytes = reserveBytes;
    this.#filled = 0;
    this.#buffer = new FragmentBuffer(this.#memory.erasure, cut, lengthBytes);
    return this.#buffer;
  }

  #releaseBuffer(): void {
    this.#memory.parts.budget.release(this.#reservedBytes);
    this.#reservedBytes = 0;
    this.#buffer?.release();
    this.#buffer = undefined;
    this.#filled = 0;
  }

  /** Codes and sends the collected fragment; its buffer lives until all nodes have answered. */
  #flush(cut: Cut): void {
    const buffer = this.#buffer;
    if (buffer === undefined) return;
    const filledBytes = this.#filled;
    const reservedBytes = this.#reservedBytes;
    this.#buffer = undefined;
    this.#reservedBytes = 0;
    this.#filled = 0;
    const { budget } = this.#memory.parts;
    const chunkBytes = Math.ceil(filledBytes / cut.dataChunks);
    const layout: Layout = { ...cut, sizeBytes: filledBytes, chunkBytes, fragments: 1 };
    const places = this.#memory.choosePlaces(layout, chunkBytes, this.#id.counter);
    if (places === undefined) {
      buffer.release();
      budget.release(reservedBytes);
      return this.abandon();
    }
    const chunks = buffer.chunks(filledBytes);
    const checksums = chunks.map((chunk) => crc32(chunk));
    const fragment = new PlacedFragment(places, checksums, this.#tally, false);
    const number = this.#fragments.push(fragment) - 1;
    const sent = chunks.map((chunk, index) => this.#store(fragment, number, index, chunk));
    this.#stores.push(
      Promise.all(sent).then(() => {
        fragment.settled = true;
        buffer.release();
        budget.release(reservedBytes);
      }),
    );
  }

  async #store(fragment: PlacedFragment, number: number, index: number, payload: Uint8Array): Promise<void> {
    const node: NodeIndex | undefined = fragment.nodes[index];
    const checksum = fragment.checksums[index];
    if (node === undefined || checksum === undefined || payload.length === 0) return;
    const id = { ...this.#id, fragment: number, index };
    const { fleet, clock } = this.#memory.parts;
    const askedMs = clock.monotonicMs();
    const reply = await fleet.store(node, { id, checksum, payload });
    this.#account?.noteNode(node, clock.monotonicMs() - askedMs);
    if (reply.kind === 'ok') fragment.setHeld(index, true);
  }
}

/** The table's last row, and the largest size that still has a narrower one. */
function widestStripe(stripes: readonly Stripe[]): { readonly stripe: Stripe; readonly fromBytes: number } {
  const fromBytes = stripes.at(-2)?.upToBytes ?? 0;
  return { stripe: stripeOf(Number.MAX_SAFE_INTEGER, stripes), fromBytes };
}
