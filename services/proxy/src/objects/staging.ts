/**
 * Taking bytes in before any key shows them: small ones are kept, larger ones go on to where they will be durable (an upload
 * of the store, or a file of the journal), and towards memory, while they arrive; with durability `memory`, to memory alone.
 * Nothing of it is visible, and discarding leaves no trace.
 */
import { crc32 } from 'node:zlib';
import type { Store, Upload } from '@sion/components';
import { SionError } from '@sion/wire';
import type { DeferredWrites } from '../journal/deferred-writes.ts';
import type { ObjectMemory } from '../memory/object-memory.ts';
import type { ObjectWriter } from '../memory/object-writer.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { Durability, NewBytes, StagedBytes } from './objects.ts';
import type { RequestAccount } from './request-account.ts';
import { JournaledBytes, KeptBytes, PlacedBytes, UploadedBytes } from './staged-bytes.ts';
import { finishPlacing, noRoom, nowhere, tooLarge } from './volatile-writes.ts';

export interface StagingParts {
  readonly store: Store;
  /** Undefined where there is no journal. */
  readonly deferred: DeferredWrites | undefined;
  readonly memory: ObjectMemory;
  readonly budget: ByteBudget;
  /** Streams known to be at most this long are kept, not uploaded. */
  readonly keptMaxBytes: number;
  readonly maxObjectBytes: number;
}

export interface StageOptions {
  readonly durability: Durability;
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
  if (options.durability === 'memory' && !options.place) throw nowhere();
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
  if (options.durability === 'memory') return await placeStream(parts, source, options);
  const deferred =
    options.durability === 'journal' ? await parts.deferred?.beginUpload(name, source.sizeBytes) : undefined;
  const writer = () => (options.place ? parts.memory.beginWrite(source.sizeBytes, options.account) : undefined);
  if (deferred !== undefined) {
    const taken = await takeInto(parts, deferred, writer(), source, options);
    return new JournaledBytes(deferred, taken.sizeBytes, taken.checksum, taken.writer);
  }
  const upload = await parts.store.beginUpload(name, source.sizeBytes);
  const taken = await takeInto(parts, upload, writer(), source, options);
  return new UploadedBytes(upload, taken.sizeBytes, taken.checksum, taken.writer);
}

/** Into an upload, and towards memory at the same time. When it fails, nothing is left of either. */
async function takeInto(
  parts: StagingParts,
  upload: Pick<Upload, 'write' | 'abort'>,
  writer: ObjectWriter | undefined,
  source: Extract<NewBytes, { kind: 'stream' }>,
  options: StageOptions,
): Promise<Taken & { readonly writer: ObjectWriter | undefined }> {
  try {
    const taken = await takeAll(parts, source, options, (piece) =>
      Promise.all([upload.write(piece), writer?.offer(piece)]),
    );
    return { ...taken, writer };
  } catch (thrown) {
    writer?.abandon();
    // What failed first is what the caller has to know.
    await upload.abort().catch(() => {});
    throw thrown;
  }
}

interface Taken {
  readonly sizeBytes: number;
  readonly checksum: number;
}

async function placeStream(
  parts: StagingParts,
  source: Extract<NewBytes, { kind: 'stream' }>,
  options: StageOptions,
): Promise<StagedBytes> {
  const { memory } = parts;
  const writer = memory.beginWrite(source.sizeBytes, options.account);
  if (writer === undefined) throw tooLarge(memory, source.sizeBytes);
  let takenBytes = 0;
  const taken = await takeAll(parts, source, options, async (piece) => {
    takenBytes += piece.length;
    await writer.offer(piece);
    if (writer.isGivenUp) throw takenBytes > memory.parts.maxObjectBytes ? tooLarge(memory, undefined) : noRoom();
  }).catch((thrown: unknown) => {
    writer.abandon();
    throw thrown;
  });
  return new PlacedBytes(memory, await finishPlacing(memory, writer), taken.sizeBytes, taken.checksum);
}

/** Hands every piece on; rejects when there are more or fewer bytes than announced, or than any object may have. */
async function takeAll(
  parts: StagingParts,
  source: Extract<NewBytes, { kind: 'stream' }>,
  options: StageOptions,
  take: (piece: Uint8Array) => Promise<unknown>,
): Promise<Taken> {
  let checksum = 0;
  let sizeBytes = 0;
  for await (const piece of source.pieces) {
    sizeBytes += piece.length;
    if (source.sizeBytes !== undefined) assertFits(sizeBytes, source.sizeBytes);
    assertSize(parts, sizeBytes);
    if (options.signal?.aborted) throw options.signal.reason;
    checksum = crc32(piece, checksum);
    await take(piece);
  }
  if (source.sizeBytes !== undefined) assertWhole(sizeBytes, source.sizeBytes);
  return { sizeBytes, checksum };
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
