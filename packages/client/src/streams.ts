/** Objects of any size as streams, both ways, over HTTP. Memory stays bounded by what the reader or the server has yet to take. */
import { Readable } from 'node:stream';
import { type CallOptions, checkCondition, type SetStreamOptions } from './call-options.ts';
import type { Connection } from './connection.ts';
import { closedError } from './connection.ts';
import { SionError } from './errors.ts';
import { type Key, keyName } from './key.ts';
import type { ObjectInfo, StoredObject } from './object-info.ts';
import {
  assertSource,
  type ByteRange,
  type ByteSource,
  bodyOfBytes,
  bodyOfStream,
  letGo,
  openDownload,
  type Resume,
  readDownload,
  upload,
} from './transfer.ts';

/** How an object is read as a stream. */
export interface GetStreamOptions extends CallOptions {
  /** First byte; 0 unless given. */
  readonly start?: number | undefined;
  /** Last byte, inclusive; the object's last unless given. */
  readonly end?: number | undefined;
  /** Only this version; anything else rejects. */
  readonly ifMatch?: string | undefined;
}

/** A stream of an object's bytes with what is known of it. It ends orderly only when every byte has come. */
export interface ObjectStream extends Readable {
  readonly info: ObjectInfo;
}

/** Opens an object for reading; null when there is none. `timeoutMs` bounds the opening, `stallMs` each pause after it. */
export async function openStream(
  connection: Connection,
  key: Key,
  options: GetStreamOptions,
): Promise<ObjectStream | null> {
  const { start = 0, end, ifMatch, signal } = options;
  const range = start === 0 && end === undefined ? undefined : { start, end };
  const open = (part: ByteRange | undefined, tag: string | undefined) =>
    connection.run(options, (limits) => openDownload(connection.http, limits, key, part, tag));
  const download = await open(checkedRange(range), ifMatch);
  if (download === undefined) return null;
  connection.sizes.note(keyName(key), download.info.sizeBytes);

  // Of the reading alone: it ends with the caller's signal, or when nobody reads any more.
  const reading = new AbortController();
  const limits = connection.limits({ timeoutMs: 0, signal: reading.signal });
  const onAbort = () => reading.abort(signal?.reason);
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  let failed = 0;
  const resume: Resume = {
    open: (part, etag) => open(part, etag),
    async before(failure) {
      if (connection.isClosed) throw closedError();
      failed += 1;
      await connection.between(limits, failed, failure);
    },
  };
  const stream = Readable.from(readDownload(download, start, limits, resume), {
    objectMode: false,
    highWaterMark: 1 << 18,
  });
  stream.once('close', () => {
    signal?.removeEventListener('abort', onAbort);
    reading.abort();
    limits.close();
  });
  return Object.assign(stream, { info: download.info });
}

/** Stores a stream; null when its condition did not hold, and then the source is let go. */
export async function storeStream(
  connection: Connection,
  key: Key,
  source: ByteSource,
  options: SetStreamOptions,
): Promise<StoredObject | null> {
  assertSource(source, key);
  const { sizeBytes, timeoutMs = 0, durability = connection.settings.durability } = options;
  if (sizeBytes !== undefined && !(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0)) {
    throw new SionError('invalid', `sizeBytes: ${sizeBytes} is no size.`);
  }
  checkCondition(options);
  const isBytes = typeof source === 'string' || source instanceof Uint8Array;
  const body = isBytes
    ? { ...bodyOfBytes(typeof source === 'string' ? Buffer.from(source) : source), begun: false }
    : bodyOfStream(source, sizeBytes);
  try {
    const run = { ...options, timeoutMs, canRepeat: () => !body.begun };
    const stored = await connection.run(run, (limits) =>
      upload(connection.http, limits, key, body, { ...options, durability }),
    );
    if (stored === undefined) letGo(source);
    else connection.sizes.note(keyName(key), body.sizeBytes ?? Number.POSITIVE_INFINITY);
    return stored ?? null;
  } catch (error) {
    letGo(source);
    throw error;
  }
}

function checkedRange(range: ByteRange | undefined): ByteRange | undefined {
  if (range === undefined) return undefined;
  const { start, end } = range;
  if (Number.isSafeInteger(start) && start >= 0 && (end === undefined || (Number.isSafeInteger(end) && end >= start))) {
    return range;
  }
  throw new SionError(
    'invalid',
    `start ${start} and end ${end ?? '(none)'} are no range: 0 <= start <= end, both whole.`,
  );
}
