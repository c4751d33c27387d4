/**
 * The {@link Store} over S3, or a server that speaks it: one object per name under `<bucket>/<prefix>`, in the user's own
 * bytes, with S3's own conditions on every write. What it keeps beside the bytes is told in s3-metadata, streamed writes
 * in s3-upload, the meaning of failures in s3-failure, and what servers lack in s3-conditions.
 *
 * S3 has no notion of a writer: the lease and the conditions do it all. An ETag is mostly a hash of the bytes, so that the same bytes again have the same ETag.
 */

import { Readable } from 'node:stream';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import {
  type ByteRange,
  type Clock,
  type DeleteOutcome,
  type GetOptions,
  type GetOutcome,
  type ListOptions,
  type ListPage,
  type Random,
  randomHex,
  type Store,
  type StoredMetadata,
  type StoredObject,
  type StoreRequest,
  type Upload,
  type WriteCondition,
  type WriteOutcome,
} from '@sion/components';
import { SionError } from '@sion/wire';
import { S3Body } from './s3-body.ts';
import { allConditions, judgeConditions, probeConditions, type S3Conditions } from './s3-conditions.ts';
import { assertPlaceable, type CopyLimits, type CopyParts, copyIntoPlace } from './s3-copy.ts';
import { clearLeftovers, stagingPrefix } from './s3-leftovers.ts';
import { listObjects } from './s3-listing.ts';
import { readObject, type S3Patience, type S3Place, S3Requests } from './s3-requests.ts';
import { S3Upload } from './s3-upload.ts';
import { UploadMemory } from './upload-memory.ts';

const mib = 1024 * 1024;

export interface S3StoreOptions extends Omit<S3Place, 'prefix'> {
  /** Keys begin with it and a slash; empty = the bucket's top. */
  readonly prefix?: string;
  readonly clock: Clock;
  /** For the names of uploads; must never repeat itself between processes. */
  readonly random: Random;
  readonly patience?: Partial<S3Patience>;
  readonly sizes?: Partial<S3Sizes>;
}

export interface S3Sizes extends CopyLimits {
  /** Streams up to this size are one PutObject; longer ones go in parts of it. S3's least is 5 MiB. */
  readonly uploadPartBytes: number;
  /** S3's most: 10,000. */
  readonly maxUploadParts: number;
  /** Memory of all uploads together. */
  readonly uploadMemoryBytes: number;
}

/** How long SION waits for S3. */
export const s3Patience: S3Patience = {
  connectMs: 1900,
  requestMs: 15_000,
  copyMs: 900_000,
  idleMs: 15_000,
  maxConnections: 1024,
};

/** S3's own limits, and parts that let 64 GiB be 8192 of them, also of a stream whose size nobody knows. */
export const s3Sizes: S3Sizes = {
  oneRequestBytes: 5 * 1024 * mib,
  partBytes: 512 * mib,
  uploadPartBytes: 8 * mib,
  maxUploadParts: 10_000,
  uploadMemoryBytes: 192 * mib,
};

/** The longest prefix: names have up to 900 bytes, keys of S3 1024. */
export const maxPrefixBytes = 120;

/** A store on S3, and what its server was found to lack. */
export interface S3Store extends Store {
  /**
   * Tries which conditions the server honours and goes by it from then on. Gives a sentence for each that is lacking;
   * rejects with `invalid` where writers could overwrite each other. Until then it is taken to be as AWS's.
   */
  probeConditions(): Promise<readonly string[]>;
}

/** Opens the store; nothing is sent before it is used. Throws `invalid` for what is no prefix. */
export function openS3Store(options: S3StoreOptions): S3Store {
  return new BucketStore(options);
}

class BucketStore implements S3Store {
  readonly #requests: S3Requests;
  readonly #random: Random;
  readonly #sizes: S3Sizes;
  readonly #memory: UploadMemory;
  /** Keys under which uploads of this store lie at present. */
  readonly #staging = new Set<string>();
  /** Until somebody wants to be told. */
  readonly #untold = new Map<StoreRequest, number>();
  #conditions: S3Conditions = allConditions;

  constructor(options: S3StoreOptions) {
    const { clock, random, patience, sizes, prefix = '', ...place } = options;
    this.#requests = new S3Requests({ ...place, prefix: asKeyPrefix(prefix) }, { ...s3Patience, ...patience }, clock);
    this.#requests.onRequest = (request) => {
      this.#untold.set(request, (this.#untold.get(request) ?? 0) + 1);
    };
    this.#random = random;
    this.#sizes = { ...s3Sizes, ...sizes };
    this.#memory = new UploadMemory(this.#sizes.uploadMemoryBytes, this.#sizes.uploadPartBytes);
  }

  tellRequests(told: (request: StoreRequest) => void): void {
    this.#requests.onRequest = told;
    for (const [request, count] of this.#untold) for (let i = 0; i < count; i += 1) told(request);
    this.#untold.clear();
  }

  async probeConditions(): Promise<readonly string[]> {
    const { endpoint = 'AWS' } = this.#requests.place;
    this.#conditions = await probeConditions(this.#requests, this.#random);
    return judgeConditions(this.#conditions, endpoint);
  }

  /** Two that claim at once must leave each other's uploads alone: who has the lease clears away. */
  async claim(): Promise<void> {
    this.#requests.assertOpen();
  }

  async clearLeftovers(): Promise<void> {
    await clearLeftovers(this.#requests, this.#staging);
  }

  async head(name: string): Promise<StoredObject | undefined> {
    return await this.#requests.head(this.#requests.keyOf(name), name);
  }

  async get(name: string, options: GetOptions = {}): Promise<GetOutcome> {
    const { range } = options;
    if (range !== undefined && !(Number.isSafeInteger(range.start) && range.start >= 0 && range.end > range.start)) {
      throw new RangeError(`Not a range of bytes: [${range.start}, ${range.end}).`);
    }
    const outcome = await this.#requests.get(this.#requests.keyOf(name), name, options);
    if (outcome.kind === 'missing') return { kind: 'miss' };
    if (outcome.kind === 'conflict') return { kind: 'superseded' };
    if (outcome.kind !== 'answer') return await this.#outside(name, options);
    return this.#hit(name, outcome.answer);
  }

  async put(
    name: string,
    bytes: Uint8Array,
    metadata: StoredMetadata,
    condition: WriteCondition,
  ): Promise<WriteOutcome> {
    const outcome = await this.#requests.put(this.#requests.keyOf(name), name, bytes, metadata, condition);
    // `missing`: there is nothing to match.
    return outcome.kind === 'answer' ? { kind: 'written', etag: outcome.answer } : { kind: 'conflict' };
  }

  async beginUpload(name: string, sizeBytes?: number): Promise<Upload> {
    this.#requests.assertOpen();
    if (sizeBytes !== undefined) assertPlaceable(this.#copyParts(), name, sizeBytes);
    const stagingKey = this.#requests.keyOf(`${stagingPrefix}${randomHex(this.#random, 16)}`);
    this.#staging.add(stagingKey);
    return new S3Upload({
      copy: this.#copyParts(),
      memory: this.#memory,
      partBytes: this.#sizes.uploadPartBytes,
      maxParts: this.#sizes.maxUploadParts,
      name,
      stagingKey,
      onOver: () => this.#staging.delete(stagingKey),
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
    });
  }

  async replaceMetadata(name: string, etag: string, metadata: StoredMetadata): Promise<WriteOutcome> {
    const source = { key: this.#requests.keyOf(name), etag };
    const condition = { kind: 'match', etag } as const;
    const outcome = await copyIntoPlace(this.#copyParts(), source, { name, metadata, condition, billedAs: 'metadata' });
    return outcome.kind === 'missing' ? { kind: 'conflict' } : outcome;
  }

  async delete(name: string, etag: string): Promise<DeleteOutcome> {
    const key = this.#requests.keyOf(name);
    if (!this.#conditions.delete) {
      const object = await this.#requests.head(key, name);
      if (object === undefined) return { kind: 'missing' };
      if (object.etag !== etag) return { kind: 'conflict' };
    }
    const outcome = await this.#requests.delete(key, name, this.#conditions.delete ? etag : undefined);
    if (outcome.kind === 'missing') return { kind: 'missing' };
    return outcome.kind === 'answer' ? { kind: 'deleted' } : { kind: 'conflict' };
  }

  async list(prefix: string, options: ListOptions): Promise<ListPage> {
    return await listObjects(this.#requests, prefix, options);
  }

  async close(): Promise<void> {
    this.#requests.close();
  }

  #copyParts(): CopyParts {
    return { requests: this.#requests, conditions: this.#conditions, limits: this.#sizes };
  }

  #hit(name: string, answer: GetObjectCommandOutput): GetOutcome {
    const { Body, ContentLength: lengthBytes, ContentRange } = answer;
    if (!(Body instanceof Readable) || lengthBytes === undefined) {
      throw new SionError('unavailable', `Could not read the object ${name}: S3’s answer has no body. Try again.`);
    }
    const given = readContentRange(ContentRange) ?? { range: { start: 0, end: lengthBytes }, sizeBytes: lengthBytes };
    const { clock, patience } = this.#requests;
    const body = new S3Body({ clock, stream: Body, name, lengthBytes, idleMs: patience.idleMs });
    return { kind: 'hit', object: readObject(name, given.sizeBytes, answer), range: given.range, body };
  }

  /** S3 tells that a range lies outside without telling of what object. */
  async #outside(name: string, { ifMatch }: GetOptions): Promise<GetOutcome> {
    const object = await this.head(name);
    if (object === undefined) return { kind: 'miss' };
    if (ifMatch !== undefined && object.etag !== ifMatch) return { kind: 'superseded' };
    return { kind: 'outside', object };
  }
}

/** `bytes 3-4/5`. */
function readContentRange(field: string | undefined): { range: ByteRange; sizeBytes: number } | undefined {
  const found = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(field ?? '');
  if (found === null) return undefined;
  return { range: { start: Number(found[1]), end: Number(found[2]) + 1 }, sizeBytes: Number(found[3]) };
}

/** What keys begin with: nothing, or the prefix and one slash. Throws `invalid` for what S3's tools would rewrite. */
export function asKeyPrefix(prefix: string): string {
  const trimmed = prefix.replace(/\/+$/, '');
  if (trimmed === '') return '';
  const steps = trimmed.split('/');
  const isSound = steps.every((step) => step !== '' && step !== '.' && step !== '..' && /^[\x21-\x7e]+$/.test(step));
  if (isSound && !trimmed.startsWith('.sion') && trimmed.length <= maxPrefixBytes) return `${trimmed}/`;
  const remedy = `Use at most ${maxPrefixBytes} printable characters without blanks, e.g. "sion" or "team/cache".`;
  throw new SionError('invalid', `${JSON.stringify(prefix)} is no prefix for keys. ${remedy}`);
}
