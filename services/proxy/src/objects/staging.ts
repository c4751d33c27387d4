/**
 * Taking bytes in before any key shows them: small ones are kept, larger ones go on to the store as an upload, and towards
 * memory, while they arrive. Nothing of it is visible, and discarding leaves no trace.
 */
import { crc32 } from 'node:zlib';
import type { Store, Upload } from '@sion/components';
import { SionError } from '@sion/wire';
import type { ObjectMemory } from '../memory/object-memory.ts';
import type { ObjectWriter } from '../memory/object-writer.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { NewBytes, StagedBytes } from './objects.ts';
import type { RequestAccount } from './request-account.ts';

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

/** Bytes that lie in the store as an upload without a name, and perhaps already in memory. */
export class UploadedBytes implements StagedBytes {
  readonly upload: Upload;
  readonly sizeBytes: number;
  readonly crc32: number;
  readonly writer: ObjectWriter | undefined;
  #over = false;

  constructor(upload: Upload, sizeBytes: number, checksum: number, writer: ObjectWriter | undefined) {
    this.upload = upload;
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
    await this.upload.abort();
  }
}

export interface StagingParts {
  readonly store: Store;
  readonly memory: ObjectMemory;
  readonly budget: ByteBudget;
  /** Streams known to be at most this long are kept, not uploaded. */
  readonly keptMaxBytes: number;
  readonly maxObjectBytes: number;
}

export interface StageOptions {
  readonly place: boolean;
  readonly account?: RequestAccount;
  readonly signal?: AbortSignal;
}

export async function stageBytes(
  parts: StagingParts,
  name: string,
  bytes: NewBytes,
  options: StageOptions,
): Promise<StagedBytes> {
  if (bytes.kind === 'bytes') return new KeptBytes(bytes.bytes);
  if (bytes.sizeBytes !== undefined) assertSize(parts, bytes.sizeBytes);
  // Without room the bytes are not waited for: whoever holds it may be a client that has stopped sending.
  if (bytes.sizeBytes !== undefined && bytes.sizeBytes <= parts.keptMaxBytes) {
    if (parts.budget.tryAcquire(bytes.sizeBytes)) return await keepStream(parts, bytes.sizeBytes, bytes.pieces);
  }
  return await uploadStream(parts, name, bytes, options);
}

/** The budget was charged with `sizeBytes` already. */
async function keepStream(
  parts: StagingParts,
  sizeBytes: number,
  pieces: AsyncIterable<Uint8Array>,
): Promise<StagedBytes> {
  const kept = new KeptBytes(Buffer.allocUnsafeSlow(sizeBytes), parts.budget);
  try {
    let filled = 0;
    for await (const piece of pieces) {
      assertFits(filled + piece.length, sizeBytes);
      kept.bytes.set(piece, filled);
      filled += piece.length;
    }
    assertWhole(filled, sizeBytes);
    return kept;
  } catch (thrown) {
    await kept.discard();
    throw thrown;
  }
}

async function uploadStream(
  parts: StagingParts,
  name: string,
  source: Extract<NewBytes, { kind: 'stream' }>,
  options: StageOptions,
): Promise<StagedBytes> {
  const upload = await parts.store.beginUpload(name, source.sizeBytes);
  const writer = options.place ? parts.memory.beginWrite(source.sizeBytes, options.account) : undefined;
  let checksum = 0;
  let takenBytes = 0;
  try {
    for await (const piece of source.pieces) {
      takenBytes += piece.length;
      if (source.sizeBytes !== undefined) assertFits(takenBytes, source.sizeBytes);
      assertSize(parts, takenBytes);
      if (options.signal?.aborted) throw options.signal.reason;
      checksum = crc32(piece, checksum);
      await Promise.all([upload.write(piece), writer?.offer(piece)]);
    }
    if (source.sizeBytes !== undefined) assertWhole(takenBytes, source.sizeBytes);
    return new UploadedBytes(upload, takenBytes, checksum, writer);
  } catch (thrown) {
    writer?.abandon();
    // What failed first is what the caller has to know.
    await upload.abort().catch(() => {});
    throw thrown;
  }
}

function assertSize(parts: StagingParts, sizeBytes: number): void {
  if (sizeBytes <= parts.maxObjectBytes) return;
  const message = `an object of ${sizeBytes} bytes is over the limit of ${parts.maxObjectBytes}; split it`;
  throw new SionError('capacity', message);
}

function assertFits(takenBytes: number, sizeBytes: number): void {
  if (takenBytes <= sizeBytes) return;
  throw new SionError(
    'invalid',
    `the body is longer than the ${sizeBytes} bytes it was announced with; send the true length`,
  );
}

function assertWhole(takenBytes: number, sizeBytes: number): void {
  if (takenBytes === sizeBytes) return;
  const message = `the body ended after ${takenBytes} of ${sizeBytes} bytes; send it whole`;
  throw new SionError('invalid', message);
}
