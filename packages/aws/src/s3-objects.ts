/**
 * Objects on S3 as plainly as S3 has them: one request each, without SION's conditions and metadata. For who measures S3 itself;
 * the store that SION writes to is `s3-store`.
 */
import { Readable } from 'node:stream';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { ByteRange, Clock } from '@sion/components';
import { SionError } from '@sion/wire';
import { type S3Patience, type S3Place, S3Requests } from './s3-store/s3-requests.ts';

export interface S3ObjectsOptions extends S3Place {
  readonly clock: Clock;
  readonly patience: S3Patience;
}

/** The bytes of a GET, as they come. */
export interface S3ObjectBody {
  /** Of the whole object. */
  readonly totalBytes: number;
  readonly etag: string;
  readonly pieces: AsyncIterable<Uint8Array>;
}

export interface S3ReadOptions {
  readonly range?: ByteRange;
  readonly ifMatch?: string;
}

/** Every call rejects with a `SionError`; nothing is sent twice. */
export interface S3Objects {
  /** One PutObject: at most 5 GiB. */
  put(key: string, pieces: Iterable<Uint8Array>, sizeBytes: number): Promise<void>;
  /**
   * Undefined = there is no such object; no pieces where the range lies outside it. With `ifMatch` only that version:
   * `replaced` when another one is there.
   */
  get(key: string, options: S3ReadOptions): Promise<S3ObjectBody | 'replaced' | undefined>;
  /** The size; undefined = there is no such object. */
  head(key: string): Promise<number | undefined>;
  delete(key: string): Promise<void>;
  close(): void;
}

export function createS3Objects({ clock, patience, ...place }: S3ObjectsOptions): S3Objects {
  const requests = new S3Requests(place, patience, clock);
  return {
    async put(key, pieces, sizeBytes) {
      const body = sizeBytes <= wholeBytes ? Buffer.concat([...pieces]) : Readable.from(pieces);
      const command = new PutObjectCommand({
        Bucket: place.bucket,
        Key: requests.keyOf(key),
        Body: body,
        ContentLength: sizeBytes,
      });
      await requests.run({
        ...{ kind: 'write', billedAs: 'put', what: `write the object ${key}`, timeoutMs: patience.copyMs },
        send: (client, options) => client.send(command, options),
      });
    },
    async get(key, options) {
      const outcome = await requests.get(requests.keyOf(key), key, options);
      if (outcome.kind === 'missing') return undefined;
      if (outcome.kind === 'conflict') return 'replaced';
      if (outcome.kind !== 'answer') return { totalBytes: 0, etag: '', pieces: nothing() };
      const { Body: body, ContentLength: length = 0, ContentRange: place, ETag: etag = '' } = outcome.answer;
      if (!(body instanceof Readable)) throw new SionError('internal', `S3 gave no body of the object ${key}.`);
      const total = /\/(\d+)$/.exec(place ?? '')?.[1];
      return { totalBytes: total === undefined ? length : Number(total), etag, pieces: body };
    },
    head: async (key) => (await requests.head(requests.keyOf(key), key))?.sizeBytes,
    async delete(key) {
      await requests.delete(requests.keyOf(key), key);
    },
    close: () => requests.close(),
  };
}

/** Longer bodies are streamed. */
const wholeBytes = 64 * 2 ** 20;

async function* nothing(): AsyncGenerator<Uint8Array> {}
