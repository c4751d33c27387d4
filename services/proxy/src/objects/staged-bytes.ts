/** Where bytes lie that were taken in and that no key shows yet: one form for each way to keep them. */
import type { Upload } from '@sion/components';
import type { DeferredUpload } from '../journal/deferred-writes.ts';
import type { ObjectMemory } from '../memory/object-memory.ts';
import type { ObjectWriter } from '../memory/object-writer.ts';
import type { PlacedObject } from '../memory/placed-object.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { StagedBytes } from './objects.ts';

/** Bytes kept in the proxy's memory, on the budget's account. */
export class KeptBytes implements StagedBytes {
  readonly bytes: Uint8Array;
  readonly #budget: ByteBudget | undefined;
  #over = false;

  constructor(bytes: Uint8Array, budget?: ByteBudget) {
    this.bytes = bytes;
    this.#budget = budget;
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  async discard(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#budget?.release(this.bytes.length);
  }
}

/** An upload without a name yet, of the store or into a file of the journal. */
export type Uploading =
  | { readonly into: 'store'; readonly upload: Upload }
  | { readonly into: 'journal'; readonly upload: DeferredUpload };

/** Bytes that lie in an upload, and perhaps already in memory. */
export class UploadedBytes implements StagedBytes {
  readonly uploading: Uploading;
  readonly sizeBytes: number;
  readonly crc32: number;
  readonly writer: ObjectWriter | undefined;
  #over = false;

  constructor(uploading: Uploading, sizeBytes: number, checksum: number, writer: ObjectWriter | undefined) {
    this.uploading = uploading;
    this.sizeBytes = sizeBytes;
    this.crc32 = checksum;
    this.writer = writer;
  }

  /** The upload was committed: there is nothing to discard any more. */
  markCommitted(): void {
    this.#over = true;
  }

  async discard(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.writer?.abandon();
    await this.uploading.upload.abort();
  }
}

/** Bytes that lie in memory alone. */
export class PlacedBytes implements StagedBytes {
  readonly placed: PlacedObject;
  readonly sizeBytes: number;
  readonly crc32: number;
  readonly #memory: ObjectMemory;
  #over = false;

  constructor(memory: ObjectMemory, placed: PlacedObject, sizeBytes: number, checksum: number) {
    this.#memory = memory;
    this.placed = placed;
    this.sizeBytes = sizeBytes;
    this.crc32 = checksum;
  }

  /** A key shows them: from now on the placement is its entry's. */
  markUsed(): void {
    this.#over = true;
  }

  async discard(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#memory.drop(this.placed);
  }
}
