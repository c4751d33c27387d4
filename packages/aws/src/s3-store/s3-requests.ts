/**
 * The one place that talks to S3: a client of the unmodified SDK, set so that nothing is done behind SION's back (no
 * retries, no checksums but ours, no framing of bodies), a time for every request, and the meaning of every failure. It
 * must never send a request twice.
 */

import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { ByteRange, Clock, StoredMetadata, StoredObject, StoreRequest, WriteCondition } from '@sion/components';
import { SionError } from '@sion/wire';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { AwsCredentials } from '../lambda-functions.ts';
import { type ExpectedAnswer, expectedAnswer, failureOf, type RequestKind, wasSent } from './s3-failure.ts';
import { decodeMetadata, encodeMetadata } from './s3-metadata.ts';

export interface S3Place {
  readonly bucket: string;
  /** Keys begin with it: empty, or ends with `/`. */
  readonly prefix: string;
  readonly region: string;
  /** AWS’s own when absent. */
  readonly endpoint?: string;
  /** The SDK’s usual chain when absent. */
  readonly credentials?: AwsCredentials;
}

/** Times, in milliseconds, and how many connections there may be. */
export interface S3Patience {
  readonly connectMs: number;
  /** For an answer’s head; large bodies that are sent have a second more per MiB. */
  readonly requestMs: number;
  /** For a server to copy an object. */
  readonly copyMs: number;
  /** The longest pause within a body. */
  readonly idleMs: number;
  readonly maxConnections: number;
}

/** What came back: the answer, or one of those that are no failure. */
export type S3Outcome<Answer> =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: ExpectedAnswer };

export interface S3Request<Answer> {
  readonly kind: RequestKind;
  readonly billedAs: StoreRequest;
  /** For messages, e.g. `write the object a/b`. */
  readonly what: string;
  readonly timeoutMs?: number;
  /** Ends it before its time. */
  readonly signal?: AbortSignal;
  readonly send: (client: S3Client, options: { readonly abortSignal: AbortSignal }) => Promise<Answer>;
}

/** Bytes of a PUT: in memory, or a stream of known length. */
export type PutBody = Uint8Array | { readonly stream: Readable; readonly lengthBytes: number };

/** An unused connection is dropped after this time, before the server drops it under a request. */
const unusedConnectionMs = 4000;

export class S3Requests {
  readonly place: S3Place;
  readonly patience: S3Patience;
  readonly clock: Clock;
  /** How the ETag stands in a write's `If-Match`: HTTP says quoted; radosgw 16 compares it as it is. */
  etagForm: 'quoted' | 'bare' = 'quoted';
  /** Told of each request that has left this machine, when it has ended. */
  onRequest: (request: StoreRequest) => void = () => {};
  readonly #client: S3Client;
  readonly #closing = new AbortController();

  constructor(place: S3Place, patience: S3Patience, clock: Clock) {
    this.place = place;
    this.patience = patience;
    this.clock = clock;
    this.#client = createClient(place, patience);
  }

  keyOf(name: string): string {
    return this.place.prefix + name;
  }

  /** The condition of a write as the server takes it. */
  conditionFields(condition: WriteCondition): { readonly IfNoneMatch: '*' } | { readonly IfMatch: string } {
    if (condition.kind === 'absent') return { IfNoneMatch: '*' };
    return { IfMatch: this.etagForm === 'quoted' ? condition.etag : condition.etag.replaceAll('"', '') };
  }

  /** One request. Rejects with a `SionError`. */
  async run<Answer>(request: S3Request<Answer>): Promise<S3Outcome<Answer>> {
    this.assertOpen();
    const { kind, what, signal, timeoutMs = this.patience.requestMs } = request;
    const patience = new AbortController();
    let timedOut = false;
    const timer = this.clock.after(timeoutMs, () => {
      timedOut = true;
      patience.abort();
    });
    try {
      const signals = [patience.signal, this.#closing.signal];
      const abortSignal = AbortSignal.any(signal === undefined ? signals : [...signals, signal]);
      const answer = await request.send(this.#client, { abortSignal });
      this.onRequest(request.billedAs);
      return { kind: 'answer', answer };
    } catch (error) {
      if (wasSent(error)) this.onRequest(request.billedAs);
      const expected = expectedAnswer(error);
      if (expected !== undefined) return { kind: expected };
      const place = this.place.endpoint ?? 'S3';
      throw failureOf(error, { kind, what, place, ...(timedOut ? { timedOutMs: timeoutMs } : {}) });
    } finally {
      timer.cancel();
    }
  }

  async head(key: string, name: string): Promise<StoredObject | undefined> {
    const outcome = await this.run({
      kind: 'read',
      billedAs: 'head',
      what: `look at the object ${name}`,
      send: (client, options) => client.send(new HeadObjectCommand({ Bucket: this.place.bucket, Key: key }), options),
    });
    if (outcome.kind === 'missing') return undefined;
    const answer = answerOf(outcome, `look at the object ${name}`);
    return readObject(name, answer.ContentLength, answer);
  }

  get(
    key: string,
    name: string,
    options: { readonly ifMatch?: string; readonly range?: ByteRange },
  ): Promise<S3Outcome<GetObjectCommandOutput>> {
    const { ifMatch, range } = options;
    const command = new GetObjectCommand({
      Bucket: this.place.bucket,
      Key: key,
      ...(ifMatch === undefined ? {} : { IfMatch: ifMatch }),
      ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end - 1}` }),
    });
    return this.run({
      kind: 'read',
      billedAs: 'get',
      what: `read the object ${name}`,
      send: (client, sendOptions) => client.send(command, sendOptions),
    });
  }

  /** A conditional write; gives the ETag. */
  async put(
    key: string,
    name: string,
    body: PutBody,
    metadata: StoredMetadata,
    condition: WriteCondition,
    options: { readonly signal?: AbortSignal; readonly billedAs?: StoreRequest } = {},
  ): Promise<S3Outcome<string>> {
    const what = `write the object ${name}`;
    const content =
      body instanceof Uint8Array
        ? { Body: body, ContentLength: body.length, ChecksumCRC32: checksumField(body) }
        : { Body: body.stream, ContentLength: body.lengthBytes };
    const command = new PutObjectCommand({
      Bucket: this.place.bucket,
      Key: key,
      ...content,
      ...encodeMetadata(metadata),
      ...this.conditionFields(condition),
    });
    const outcome = await this.run({
      kind: 'write',
      billedAs: 'put',
      what,
      timeoutMs: this.sendingMs(content.ContentLength),
      ...options,
      send: (client, sendOptions) => client.send(command, sendOptions),
    });
    if (outcome.kind !== 'answer') return outcome;
    return { kind: 'answer', answer: etagOf(outcome.answer.ETag, what) };
  }

  /** `etag` only where the server honours conditions on deletes. */
  async delete(key: string, name: string, etag?: string): Promise<S3Outcome<unknown>> {
    const condition = etag === undefined ? {} : this.conditionFields({ kind: 'match', etag });
    return await this.run({
      kind: 'write',
      billedAs: 'delete',
      what: `delete the object ${name}`,
      send: (client, options) =>
        client.send(new DeleteObjectCommand({ Bucket: this.place.bucket, Key: key, ...condition }), options),
    });
  }

  /** How long a request with a body of this length may take. */
  sendingMs(bodyBytes: number): number {
    return this.patience.requestMs + Math.floor(bodyBytes / 1024 / 1024) * 1000;
  }

  assertOpen(): void {
    if (this.#closing.signal.aborted) throw new SionError('closed', 'This store was closed. Open it again.');
  }

  close(): void {
    this.#closing.abort();
    this.#client.destroy();
  }
}

/** The answer itself; throws when the server gave another kind than this request can have. */
export function answerOf<Answer>(outcome: S3Outcome<Answer>, what: string): Answer {
  if (outcome.kind === 'answer') return outcome.answer;
  throw new SionError(
    'unavailable',
    `Could not ${what}: S3 answered "${outcome.kind}", which it should not. Try again.`,
  );
}

/** CRC-32 as S3 takes it: four bytes, most significant first, in base64. */
export function checksumField(bytes: Uint8Array): string {
  const field = Buffer.alloc(4);
  field.writeUInt32BE(crc32(bytes));
  return field.toString('base64');
}

/** The ETag of an answer to a write; without one nobody could write conditionally again. */
export function etagOf(etag: string | undefined, what: string): string {
  if (etag !== undefined && etag !== '') return etag.startsWith('"') ? etag : `"${etag}"`;
  throw new SionError('indeterminate', `Whether the store could ${what} is unknown: its answer has no ETag.`);
}

/** What an answer with an object’s headers tells of it. */
export function readObject(
  name: string,
  sizeBytes: number | undefined,
  answer: Pick<GetObjectCommandOutput, 'ETag' | 'LastModified' | 'Metadata' | 'ContentType'>,
): StoredObject {
  if (sizeBytes === undefined || answer.ETag === undefined) {
    const message = `Could not read the object ${name}: S3’s answer lacks its length or ETag. Use another S3 server.`;
    throw new SionError('unavailable', message);
  }
  return {
    name,
    sizeBytes,
    etag: etagOf(answer.ETag, 'read'),
    modifiedMs: answer.LastModified?.getTime() ?? 0,
    metadata: decodeMetadata(answer),
  };
}

function createClient(place: S3Place, patience: S3Patience): S3Client {
  const agent = { keepAlive: true, maxSockets: patience.maxConnections, timeout: unusedConnectionMs };
  const client = new S3Client({
    region: place.region,
    // Servers of one’s own rarely have a name per bucket.
    ...(place.endpoint === undefined ? {} : { endpoint: place.endpoint, forcePathStyle: true }),
    ...(place.credentials === undefined ? {} : { credentials: place.credentials }),
    maxAttempts: 1,
    // Failures are told by errors; the SDK would write to the console.
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: new NodeHttpHandler({
      httpAgent: agent,
      httpsAgent: agent,
      connectionTimeout: patience.connectMs,
      // The times are kept by the clock above; bodies may pause as long as their reader does.
      requestTimeout: 0,
      socketTimeout: 0,
      socketAcquisitionWarningTimeout: patience.requestMs,
    }),
  });
  // As over TLS: our CRC-32 guards the bytes, and a SHA-256 of each body would cost more than sending it.
  client.middlewareStack.add(
    (next) => (args) => {
      if (hasHeaders(args.request)) args.request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      return next(args);
    },
    { step: 'build', name: 'sionUnsignedPayload' },
  );
  return client;
}

function hasHeaders(request: unknown): request is { readonly headers: Record<string, string> } {
  return typeof request === 'object' && request !== null && 'headers' in request && typeof request.headers === 'object';
}
