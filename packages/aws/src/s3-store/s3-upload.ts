/**
 * A streamed write. Bytes that fit into one part wait in memory and are put at the commit, in one request. More become a
 * multipart upload of an object under `.sion/uploads/`, which nobody sees; the commit completes it and copies it to its
 * name, because only then the metadata and the condition are known (docs/decisions/0005-s3-store.md).
 *
 *     open ──write──▶ open ──commit: conflict──▶ open … ──commit: written, or nobody knows──▶ over
 *       └──────────────── abort, or a part that cannot be sent ──────────────────────────────▶ over
 */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { delay, type StoredMetadata, type Upload, type WriteCondition, type WriteOutcome } from '@sion/components';
import { asSionError, SionError } from '@sion/wire';
import { assertPlaceable, type CopyParts, type CopySource, copyIntoPlace } from './s3-copy.ts';
import { answerOf, checksumField, etagOf } from './s3-requests.ts';
import type { PartMemory, UploadMemory } from './upload-memory.ts';

export interface UploadParts {
  readonly copy: CopyParts;
  readonly memory: UploadMemory;
  readonly partBytes: number;
  readonly maxParts: number;
  /** The name that is written in the end. */
  readonly name: string;
  /** The key under which its bytes lie until then. */
  readonly stagingKey: string;
  /** Told once, when nothing of it lies there any more, or can be cleared away by others. */
  readonly onOver: () => void;
  readonly sizeBytes?: number;
}

/** Parts that are sent at a time; with the one being filled, an upload holds three. */
const maxSending = 2;

/** A part is tried so often: nobody above can repeat it, and it shows nothing. */
const partTries = 3;
const partRetryMs = 200;

interface SentPart {
  readonly PartNumber: number;
  readonly ETag: string;
  readonly ChecksumCRC32?: string;
}

export class S3Upload implements Upload {
  readonly #parts: UploadParts;
  #state: 'open' | 'over' = 'open';
  #filling: PartMemory | undefined;
  #filledBytes = 0;
  #totalBytes = 0;
  #uploadId: string | undefined;
  readonly #sending = new Set<Promise<void>>();
  readonly #sent: SentPart[] = [];
  #partCount = 0;
  #requestCount = 0;
  #failure: SionError | undefined;
  /** It may lie under the staging key already. */
  #completing = false;
  #staged: CopySource | undefined;

  constructor(parts: UploadParts) {
    this.#parts = parts;
  }

  get requestCount(): number {
    return this.#requestCount;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#assertOpen();
    // Told now, not after all of it was sent.
    this.#assertSize(this.#totalBytes + bytes.length);
    for (let taken = 0; taken < bytes.length; ) {
      this.#filling ??= await this.#takeMemory();
      const room = this.#filling.bytes.length - this.#filledBytes;
      if (room === 0) {
        await this.#sendFilled();
        continue;
      }
      const piece = bytes.subarray(taken, taken + room);
      this.#filling.bytes.set(piece, this.#filledBytes);
      this.#filledBytes += piece.length;
      this.#totalBytes += piece.length;
      taken += piece.length;
    }
    this.#assertOpen();
  }

  async commit(metadata: StoredMetadata, condition: WriteCondition): Promise<WriteOutcome> {
    this.#assertOpen();
    try {
      const outcome =
        this.#uploadId === undefined ? await this.#put(metadata, condition) : await this.#copy(metadata, condition);
      if (outcome.kind === 'written') await this.abort();
      return outcome;
    } catch (thrown) {
      // Nobody may commit it again when it may have happened already.
      if (asSionError(thrown).code === 'indeterminate') await this.abort();
      throw thrown;
    }
  }

  async abort(): Promise<void> {
    if (this.#state === 'over') return;
    this.#state = 'over';
    await Promise.all(this.#sending);
    this.#filling?.release();
    this.#filling = undefined;
    await this.#clearAway().catch(() => {});
    this.#parts.onOver();
  }

  async #put(metadata: StoredMetadata, condition: WriteCondition): Promise<WriteOutcome> {
    this.#requestCount += 1;
    const { name, copy } = this.#parts;
    const bytes = this.#filling?.bytes.subarray(0, this.#filledBytes) ?? new Uint8Array(0);
    const outcome = await copy.requests.put(copy.requests.keyOf(name), name, bytes, metadata, condition);
    return outcome.kind === 'answer' ? { kind: 'written', etag: outcome.answer } : { kind: 'conflict' };
  }

  async #copy(metadata: StoredMetadata, condition: WriteCondition): Promise<WriteOutcome> {
    const { name, copy } = this.#parts;
    this.#staged ??= await this.#complete();
    this.#requestCount += 1;
    const outcome = await copyIntoPlace(copy, this.#staged, { name, metadata, condition, billedAs: 'upload' });
    if (outcome.kind !== 'missing') return outcome;
    // Under `match` it may be the target that is gone; under `absent` only what was uploaded can be.
    if (condition.kind === 'match') return { kind: 'conflict' };
    const reason = 'what was uploaded has been cleared away, as another process does that claims the store';
    throw new SionError('unavailable', `Could not write the object ${name}: ${reason}. Write it again.`);
  }

  /** Sends the last part and makes all of them one object, still out of sight. */
  async #complete(): Promise<CopySource> {
    if (this.#filledBytes > 0) await this.#sendFilled();
    await Promise.all(this.#sending);
    this.#assertOpen();
    const { requests } = this.#parts.copy;
    const what = `upload the object ${this.#parts.name}`;
    this.#completing = true;
    this.#requestCount += 1;
    const command = new CompleteMultipartUploadCommand({
      ...this.#stagingPlace(),
      UploadId: this.#uploadId,
      MultipartUpload: { Parts: this.#sent.toSorted((a, b) => a.PartNumber - b.PartNumber) },
    });
    const outcome = await requests.run({
      kind: 'read', // It shows nothing.
      billedAs: 'upload',
      what,
      timeoutMs: requests.patience.copyMs,
      send: (client, options) => client.send(command, options),
    });
    const { ETag } = answerOf(outcome, what);
    // radosgw 16 leaves it empty.
    const etag = ETag === '' ? (await requests.head(this.#parts.stagingKey, this.#parts.name))?.etag : ETag;
    return { key: this.#parts.stagingKey, etag: etagOf(etag, what), sizeBytes: this.#totalBytes };
  }

  /** A whole part, or no more than the object is said to need. */
  #takeMemory(): Promise<PartMemory> {
    const { memory, partBytes, sizeBytes } = this.#parts;
    const restBytes = sizeBytes === undefined ? partBytes : sizeBytes - this.#totalBytes;
    return memory.take(restBytes > 0 ? Math.min(restBytes, partBytes) : partBytes);
  }

  /** Hands the filled part over to be sent, as soon as fewer than the limit are under way. */
  async #sendFilled(): Promise<void> {
    const part = this.#filling;
    if (part === undefined) return;
    while (this.#sending.size >= maxSending) await Promise.race(this.#sending);
    this.#assertOpen();
    this.#uploadId ??= await this.#begin();
    const bytes = part.bytes.subarray(0, this.#filledBytes);
    this.#filling = undefined;
    this.#filledBytes = 0;
    this.#partCount += 1;
    const sending = this.#sendPart(this.#partCount, bytes)
      .catch((thrown: unknown) => {
        this.#failure ??= asSionError(thrown);
      })
      .finally(() => {
        part.release();
        this.#sending.delete(sending);
      });
    this.#sending.add(sending);
  }

  async #begin(): Promise<string> {
    this.#requestCount += 1;
    const what = `begin to upload the object ${this.#parts.name}`;
    const command = new CreateMultipartUploadCommand(this.#stagingPlace());
    const outcome = await this.#parts.copy.requests.run({
      kind: 'read', // It shows nothing.
      billedAs: 'upload',
      what,
      send: (client, options) => client.send(command, options),
    });
    const { UploadId } = answerOf(outcome, what);
    if (UploadId !== undefined) return UploadId;
    throw new SionError('unavailable', `Could not ${what}: S3’s answer has no upload id. Try again.`);
  }

  async #sendPart(PartNumber: number, bytes: Uint8Array): Promise<void> {
    this.#requestCount += 1;
    const { requests } = this.#parts.copy;
    const what = `upload the object ${this.#parts.name}`;
    const ChecksumCRC32 = checksumField(bytes);
    const fields = { ...this.#stagingPlace(), UploadId: this.#uploadId, PartNumber, ChecksumCRC32 };
    const command = () => new UploadPartCommand({ ...fields, Body: bytes, ContentLength: bytes.length });
    for (let attempt = 1; ; attempt += 1) {
      try {
        const outcome = await requests.run({
          kind: 'read', // It shows nothing, and may be sent again.
          billedAs: 'upload',
          what,
          timeoutMs: requests.sendingMs(bytes.length),
          send: (client, options) => client.send(command(), options),
        });
        const { ETag, ChecksumCRC32: kept } = answerOf(outcome, what);
        const checksum = kept === undefined ? {} : { ChecksumCRC32: kept };
        this.#sent.push({ PartNumber, ETag: etagOf(ETag, what), ...checksum });
        return;
      } catch (thrown) {
        if (attempt === partTries || this.#state === 'over' || asSionError(thrown).code === 'closed') throw thrown;
      }
      await delay(requests.clock, partRetryMs * 2 ** attempt);
    }
  }

  async #clearAway(): Promise<void> {
    if (this.#uploadId === undefined) return;
    const { requests } = this.#parts.copy;
    const { stagingKey, name } = this.#parts;
    if (this.#completing) await requests.delete(stagingKey, name).catch(() => {});
    if (this.#staged !== undefined) return;
    const command = new AbortMultipartUploadCommand({ ...this.#stagingPlace(), UploadId: this.#uploadId });
    await requests.run({
      kind: 'read',
      billedAs: 'delete',
      what: 'clear away an upload',
      send: (client, options) => client.send(command, options),
    });
  }

  #stagingPlace() {
    return { Bucket: this.#parts.copy.requests.place.bucket, Key: this.#parts.stagingKey };
  }

  #assertSize(sizeBytes: number): void {
    const { copy, name, partBytes, maxParts } = this.#parts;
    assertPlaceable(copy, name, sizeBytes);
    if (sizeBytes <= partBytes * maxParts) return;
    const reason = `S3 takes at most ${maxParts} parts, and ${partBytes * maxParts} bytes in parts of ${partBytes}`;
    throw new SionError('capacity', `Could not write the object ${name}: ${reason}. Split it.`);
  }

  #assertOpen(): void {
    if (this.#state === 'over') throw new SionError('closed', 'This upload is over. Begin another one.');
    if (this.#failure !== undefined) throw this.#failure;
  }
}
