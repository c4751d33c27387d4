/**
 * Taking bytes in before any key shows them: small ones are kept, larger ones go on to where they will be durable (an upload
 * of the store, or a file of the journal), and towards memory, while they arrive; with durability `memory`, to memory alone.
 * Nothing of it is visible, and discarding leaves no trace.
 */
import { crc32 } from 'node:zlib';
import type { Store } from '@sion/components';
import { asSionError, SionError } from '@sion/wire';
import type { DeferredWrites } from '../journal/deferred-writes.ts';
import type { ObjectMemory } from '../memory/object-memory.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { Durability, NewBytes, StagedBytes } from './objects.ts';
import type { RequestAccount } from './request-account.ts';
import { KeptBytes, PlacedBytes, UploadedBytes, type Uploading } from './staged-bytes.ts';
import { finishPlacing, noRoom, nowhere, overBudget, tooLarge } from './volatile-writes.ts';

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
  if (options.durability === 'memory' && parts.memory.isSaving) throw overBudget();
  if (bytes.kind === 'bytes') return new KeptBytes(bytes.bytes);
  if (bytes.sizeBytes !== undefined) assertSize(parts, bytes.sizeBytes);
  // Without room the bytes are not waited for: whoever holds it may be a client that has stopped sending.
  // For functions alone they need not be kept: nothing but functions is waited for.
  const isKept = bytes.sizeBytes !== undefined && bytes.sizeBytes <= parts.keptMaxBytes;
  if (isKept && options.durability !== 'memory') {
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
  const uploading = await beginUpload(parts, name, source.sizeBytes, options);
  const { upload } = uploading;
  const writer = options.place ? parts.memory.beginWrite(source.sizeBytes, options.account) : undefined;
  try {
    let checksum = 0;
    const sizeBytes = await takeAll(parts, source, options, (piece) => {
      checksum = crc32(piece, checksum);
      return Promise.all([upload.write(piece), writer?.offer(piece)]);
    });
    return new UploadedBytes(uploading, sizeBytes, checksum, writer);
  } catch (thrown) {
    writer?.abandon();
    // What failed first is what the caller has to know.
    await upload.abort().catch(() => {});
    throw thrown;
  }
}

/**
 * Where the bytes go while they come. A journaled stream of unknown length goes to the store, where that takes it: it might
 * turn out to be longer than the journal has room for.
 */
async function beginUpload(
  { store, deferred }: StagingParts,
  name: string,
  sizeBytes: number | undefined,
  { durability }: StageOptions,
): Promise<Uploading> {
  const intoStore = async (): Promise<Uploading> => ({
    into: 'store',
    upload: await store.beginUpload(name, sizeBytes),
  });
  if (durability !== 'journal' || deferred === undefined) return await intoStore();
  const intoJournal = async (): Promise<Uploading | undefined> => {
    const upload = await deferred.beginUpload(name, sizeBytes);
    return upload === undefined ? undefined : { into: 'journal', upload };
  };
  if (sizeBytes !== undefined) return (await intoJournal()) ?? (await intoStore());
  try {
    return await intoStore();
  } catch (thrown) {
    const uploading = asSionError(thrown).code === 'unavailable' ? await intoJournal() : undefined;
    if (uploading === undefined) throw thrown;
    return uploading;
  }
}

async function placeStream(
  parts: StagingParts,
  source: Extract<NewBytes, { kind: 'stream' }>,
  options: StageOptions,
): Promise<StagedBytes> {
  const { memory } = parts;
  const writer = memory.beginWrite(source.sizeBytes, options.account, true);
  if (writer === undefined) throw tooLarge(memory, source.sizeBytes);
  let takenBytes = 0;
  const take = async (piece: Uint8Array) => {
    takenBytes += piece.length;
    await writer.offer(piece);
    if (writer.isGivenUp) throw takenBytes > memory.parts.maxObjectBytes ? tooLarge(memory, undefined) : noRoom();
  };
  await takeAll(parts, source, options, take).catch((thrown: unknown) => {
    writer.abandon();
    throw thrown;
  });
  const placed = await finishPlacing(memory, writer);
  return new PlacedBytes(memory, placed, takenBytes, writer.checksum);
}

/** Hands every piece on and gives how many bytes they were; rejects when there are more or fewer bytes than announced, or than any object may have. */
async function takeAll(
  parts: StagingParts,
  source: Extract<NewBytes, { kind: 'stream' }>,
  options: StageOptions,
  take: (piece: Uint8Array) => Promise<unknown>,
): Promise<number> {
  let sizeBytes = 0;
  for await (const piece of source.pieces) {
    sizeBytes += piece.length;
    if (source.sizeBytes !== undefined) assertFits(sizeBytes, source.sizeBytes);
    assertSize(parts, sizeBytes);
    if (options.signal?.aborted) throw options.signal.reason;
    await take(piece);
  }
  if (source.sizeBytes !== undefined) assertWhole(sizeBytes, source.sizeBytes);
  return sizeBytes;
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
