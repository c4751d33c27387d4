/**
 * Objects over HTTP, both ways. A download is whole or it rejects: bytes are counted against what was announced, and a
 * connection that breaks is continued where it broke, from the very same version, or told. An upload is read once.
 */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { type CallLimits, sentError } from './call-limits.ts';
import {
  type Description,
  httpTtlSeconds,
  type Lifetime,
  readLifetime,
  type WriteCondition,
  type WriteOptions,
} from './call-options.ts';
import { asSionError, lostReply, SionError } from './errors.ts';
import type { HttpChannel, RequestBody } from './http-channel.ts';
import { errorOfAnswer, isRefusedAs } from './http-errors.ts';
import { type Key, objectPath, shownKey } from './key.ts';
import { infoOfHeaders, metadataHeaders, type ObjectInfo, type StoredObject, storedOfHeaders } from './object-info.ts';

/** What may be streamed into an object. */
export type ByteSource =
  | Readable
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>
  | Uint8Array
  | string;

/** Bytes from `start` on, to `end` inclusive or to the object's end. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number | undefined;
}

/** An answer whose body is still to be read. */
export interface Download {
  readonly info: ObjectInfo;
  /** Bytes that will come. */
  readonly sizeBytes: number;
  readonly answer: IncomingMessage;
}

/** Asks for an object; `undefined` when there is none. A range outside it is refused, with the server's word for that. */
export async function openDownload(
  http: HttpChannel,
  limits: CallLimits,
  key: Key,
  range?: ByteRange,
  ifMatch?: string,
): Promise<Download | undefined> {
  const headers = {
    ...(range === undefined ? {} : { range: `bytes=${range.start}-${range.end ?? ''}` }),
    ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
  };
  const answer = await http.send(limits, { method: 'GET', path: objectPath(key), headers });
  if (answer.statusCode === 200 || answer.statusCode === 206) {
    return { info: infoOfHeaders(answer.headers), sizeBytes: Number(answer.headers['content-length'] ?? 0), answer };
  }
  const error = await errorOfAnswer(answer, false);
  if (isRefusedAs(error, 'not-found')) return undefined;
  throw error;
}

/** How a stream goes on when its connection breaks. */
export interface Resume {
  /** Opens the rest of the same version. */
  open(range: ByteRange, etag: string): Promise<Download | undefined>;
  /** Waits before it, or rejects with the failure when it is to be told. */
  before(failure: SionError): Promise<void>;
}

/** The bytes of a download, exactly as many as were announced, or an error. */
export async function* readDownload(
  first: Download,
  start: number,
  limits: CallLimits,
  resume: Resume | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  let download = first;
  let received = 0;
  for (;;) {
    const { answer } = download;
    const forget = limits.whenEnded((end) => answer.destroy(sentError(end, false)));
    try {
      for await (const piece of answer) {
        received += piece.length;
        if (received > first.sizeBytes) break;
        yield piece;
      }
      if (received === first.sizeBytes) return;
      throw new Error(`${received} bytes have come instead of ${first.sizeBytes}`);
    } catch (cause) {
      const failure = cutShort(cause);
      if (resume === undefined || received >= first.sizeBytes || !failure.retryable) throw failure;
      await resume.before(failure);
      const rest = await resume.open({ start: start + received, end: start + first.sizeBytes - 1 }, first.info.etag);
      if (rest === undefined || rest.sizeBytes !== first.sizeBytes - received) throw failure;
      download = rest;
    } finally {
      forget();
      // Whoever stops reading lets go of the connection.
      if (!answer.complete) answer.destroy();
    }
  }
}

/** The whole download in one piece of memory. */
export async function collect(download: Download, pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(download.sizeBytes);
  let at = 0;
  for await (const piece of pieces) at += piece.copy(bytes, at);
  return bytes;
}

/** What an upload says beside its bytes. */
export type UploadOptions = WriteOptions & Lifetime & WriteCondition & Description;

/** Stores an object; `undefined` when its condition did not hold. */
export async function upload(
  http: HttpChannel,
  limits: CallLimits,
  key: Key,
  body: RequestBody,
  options: UploadOptions,
): Promise<StoredObject | undefined> {
  const headers = uploadHeaders(options, limits.system.wallMs());
  const answer = await http.send(limits, { method: 'PUT', path: objectPath(key), headers, body });
  if (answer.statusCode === 200 || answer.statusCode === 201) {
    answer.resume();
    return storedOfHeaders(answer.statusCode, answer.headers);
  }
  const error = await errorOfAnswer(answer, true);
  if (isRefusedAs(error, 'precondition-failed')) return undefined;
  throw error;
}

function uploadHeaders(options: UploadOptions, nowMs: number): Record<string, string> {
  const time = readLifetime(options);
  const { durability, ifAbsent, ifPresent, ifMatch, contentType, metadata, place } = options;
  return {
    ...metadataHeaders(metadata),
    ...(durability === undefined ? {} : { 'sion-durability': durability }),
    ...(time === undefined ? {} : { 'sion-ttl': String(httpTtlSeconds(time, nowMs)) }),
    ...(ifAbsent === true ? { 'if-none-match': '*' } : {}),
    ...(ifPresent === true ? { 'if-match': '*' } : {}),
    ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
    ...(contentType === undefined ? {} : { 'content-type': contentType }),
    ...(place === false ? { 'sion-no-place': '1' } : {}),
  };
}

/** Bytes as a body that can be sent again. */
export function bodyOfBytes(bytes: Uint8Array): RequestBody {
  return {
    sizeBytes: bytes.byteLength,
    // Slices, so that progress shows and nothing is copied whole.
    async *pieces() {
      for (let at = 0; at < bytes.byteLength; at += 1 << 20) yield bytes.subarray(at, at + (1 << 20));
    },
  };
}

/** A stream as a body, to be read once; `begun` tells whether it has been. */
export function bodyOfStream(source: Exclude<ByteSource, Uint8Array | string>, sizeBytes: number | undefined) {
  const body = {
    sizeBytes,
    begun: false,
    async *pieces(): AsyncGenerator<Uint8Array, void, undefined> {
      body.begun = true;
      for await (const piece of source as AsyncIterable<unknown>) {
        if (typeof piece === 'string') yield Buffer.from(piece, 'utf8');
        else if (piece instanceof Uint8Array) yield piece;
        else throw new SionError('invalid', `A stream of bytes gave a ${typeof piece}; nothing was stored.`);
      }
    },
  };
  return body;
}

/** Anything that can be read piece by piece. */
export function assertSource(source: unknown, key: Key): asserts source is ByteSource {
  if (typeof source === 'string' || source instanceof Uint8Array) return;
  if (typeof source === 'object' && source !== null && Symbol.asyncIterator in source) return;
  throw new SionError(
    'invalid',
    `What is to be stored under ${shownKey(key)} is no stream: give a Readable, a ReadableStream, an async iterable of bytes, or bytes.`,
  );
}

/** Ends a source that will not be read, so that what is behind it is let go. */
export function letGo(source: ByteSource): void {
  if (source instanceof Readable) source.destroy();
  else if (source instanceof ReadableStream && !source.locked) void source.cancel().catch(() => {});
}

function cutShort(cause: unknown): SionError {
  const error = asSionError(cause);
  if (error !== cause || error.code === 'internal') {
    return lostReply(false, `The answer was cut short: ${error.message}`, cause);
  }
  return error;
}
