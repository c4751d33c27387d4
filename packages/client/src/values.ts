/**
 * Values of any size, whole: which way they take, and how they are read and written on it. A small value goes over RESP with
 * the lowest latency; a large one over HTTP, where it holds up nobody else's small ones. A value that is to be written says
 * its size; one that is to be read is known by its key once it has been seen, and is otherwise taken as it comes, so that
 * no read asks for the size first.
 */

import type { CallLimits } from './call-limits.ts';
import {
  type CallOptions,
  checkCondition,
  type ExpiryTime,
  hasCondition,
  readLifetime,
  type SetOptions,
} from './call-options.ts';
import type { Connection } from './connection.ts';
import { SionError } from './errors.ts';
import { type Key, keyBytes, keyName } from './key.ts';
import { bytesOrNull } from './replies.ts';
import type { Argument } from './resp-channel.ts';
import { type ByteRange, bodyOfBytes, collect, openDownload, readDownload, upload } from './transfer.ts';

/** The largest value that the Redis interface takes by default. */
const maxRespBytes = 512 << 20;

/** The value, or null. */
export async function readValue(connection: Connection, key: Key, options: CallOptions): Promise<Buffer | null> {
  const name = keyName(key);
  if (connection.sizes.isLarge(name)) return readOverHttp(connection, key, options);
  const bytes = bytesOrNull(await connection.read(options, 'GET', keyBytes(key)));
  connection.sizes.note(name, bytes?.byteLength ?? 0);
  return bytes;
}

/** A range of the value; null when there is no value, no bytes when the range lies outside it. */
export async function readRange(
  connection: Connection,
  key: Key,
  range: ByteRange,
  options: CallOptions,
): Promise<Buffer | null> {
  const { start, end } = range;
  if (end !== undefined && !connection.sizes.isLargeSize(end - start + 1)) {
    const bytes = bytesOrNull(await connection.read(options, 'GETRANGE', keyBytes(key), start, end));
    // Redis says the same of no value and of no bytes; HTTP does not.
    if (bytes !== null && bytes.byteLength > 0) return bytes;
  }
  return readOverHttp(connection, key, options, range);
}

/** A transfer takes as long as it makes progress, unless the call has a bound of its own. */
function transferBounds(options: CallOptions): CallOptions {
  return { ...options, timeoutMs: options.timeoutMs ?? 0 };
}

function readOverHttp(
  connection: Connection,
  key: Key,
  options: CallOptions,
  range?: ByteRange,
): Promise<Buffer | null> {
  return connection.run(transferBounds(options), async (limits) => {
    let download: Awaited<ReturnType<typeof openDownload>>;
    try {
      download = await openDownload(connection.http, limits, key, range);
    } catch (error) {
      if (error instanceof SionError && error.serverCode === 'range-not-satisfiable') return Buffer.alloc(0);
      throw error;
    }
    connection.sizes.note(keyName(key), download?.info.sizeBytes ?? 0);
    return download === undefined
      ? null
      : collect(download, readDownload(download, range?.start ?? 0, limits, undefined));
  });
}

/** True when it was written, false when its condition did not hold. */
export async function writeValue(
  connection: Connection,
  key: Key,
  bytes: Buffer,
  options: SetOptions,
): Promise<boolean> {
  const written = wayOf(connection, bytes.byteLength, options);
  const name = keyName(key);
  const resend = options.resend === true && !hasCondition(options);
  const done =
    written === 'http'
      ? await connection.run({ ...transferBounds(options), resend }, (limits) =>
          writeOverHttp(connection, limits, key, bytes, options),
        )
      : (await connection.write({ ...options, resend }, 'SET', keyBytes(key), bytes, ...setArguments(options))) !==
        null;
  if (done) connection.sizes.note(name, bytes.byteLength);
  return done;
}

async function writeOverHttp(
  connection: Connection,
  limits: CallLimits,
  key: Key,
  bytes: Buffer,
  options: SetOptions,
): Promise<boolean> {
  const durability = options.durability ?? connection.settings.durability;
  const stored = await upload(connection.http, limits, key, bodyOfBytes(bytes), { ...options, durability });
  return stored !== undefined;
}

/** What only one of the two interfaces can do decides; then the size. */
function wayOf(connection: Connection, sizeBytes: number, options: SetOptions): 'resp' | 'http' {
  checkCondition(options);
  const time = readLifetime(options);
  const { contentType, metadata, ifMatch, place, keepTtl } = options;
  const needsHttp = contentType !== undefined || metadata !== undefined || ifMatch !== undefined || place === false;
  if (keepTtl === true && time !== undefined) throw new SionError('invalid', 'Give a lifetime or keepTtl, not both.');
  if (keepTtl === true && needsHttp) {
    throw new SionError('invalid', 'keepTtl goes with none of ifMatch, contentType, metadata and place.');
  }
  if (needsHttp || sizeBytes > maxRespBytes) return 'http';
  // HTTP counts lifetimes in whole seconds.
  const isExact = time === undefined || (time.kind === 'in' && time.ms % 1000 === 0);
  return connection.sizes.isLargeSize(sizeBytes) && isExact && keepTtl !== true ? 'http' : 'resp';
}

/** SET's options. */
export function setArguments(options: SetOptions): readonly Argument[] {
  return [
    ...(options.ifAbsent === true ? ['NX'] : []),
    ...(options.ifPresent === true ? ['XX'] : []),
    ...(options.keepTtl === true ? ['KEEPTTL'] : []),
    ...expiryArguments(readLifetime(options)),
  ];
}

function expiryArguments(time: ExpiryTime | undefined): readonly Argument[] {
  if (time === undefined) return [];
  if (time.kind === 'at') return ['PXAT', time.atMs];
  return time.ms % 1000 === 0 ? ['EX', time.ms / 1000] : ['PX', time.ms];
}
