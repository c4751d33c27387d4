/**
 * One PUT, carried through where that is safe. It is sent again only when the attempt before cannot have been applied
 * (the body had not been handed over whole, or the proxy said that nothing was changed), or when it is conditional, so
 * that it can be applied only once. Otherwise a lost answer is what it is: nobody knows, and the user is told how to look.
 */
import { type Clock, delay, encodeUserMetadataValue } from '@sion/components';
import { CliError } from '../cli-error.ts';
import type { Reading, Source } from './file-source.ts';
import { type Address, ConnectionFault, callHttp, isSuccess, RefusedCall, refusalOf } from './http-call.ts';
import { type ObjectName, objectPath } from './object-name.ts';
import type { Patience } from './object-read.ts';

/** The store has it; the proxy's journal has it, and the store follows; functions hold it, and it is never stored. */
export type Durability = 'store' | 'journal' | 'memory';

/** What a put says beside the bytes. */
export interface PutTerms {
  readonly contentType?: string;
  /** Life time in seconds; absent = for good. */
  readonly ttlSeconds?: number;
  readonly metadata?: ReadonlyMap<string, string>;
  /** Only when there is no such object. */
  readonly ifAbsent?: boolean;
  /** Only in the place of this version. */
  readonly ifMatch?: string;
  /** When it is acknowledged; absent = as the proxy's settings say. */
  readonly durability?: Durability;
  /** To the store alone, not into memory. */
  readonly noPlace?: boolean;
}

export interface WriteParts {
  readonly http: Address;
  readonly name: ObjectName;
  readonly source: Source;
  readonly terms: PutTerms;
  readonly clock: Clock;
  readonly patience: Patience;
  readonly signal?: AbortSignal;
  readonly watch?: WriteWatch;
}

/** What a display wants to know. */
export interface WriteWatch {
  onPiece(bytes: number): void;
  /** Every byte was handed over; the answer is awaited. */
  onSent(): void;
  onRetry(reason: string): void;
}

/** What was written; the version is unknown when another PUT followed so closely that nobody can have seen this one. */
export interface WrittenObject {
  readonly created: boolean;
  readonly etag?: string;
  readonly version?: string;
}

/** Ends a put whose result nobody knows. */
export class UnknownResult extends CliError {
  constructor(name: ObjectName, reason: string, sourceName: string, conditional: boolean) {
    const compare = sourceName === 'standard input' ? '' : ` | cmp - ${sourceName}`;
    super(
      4,
      `INDETERMINATE: ${name.shown} may or may not have been stored: ${reason}\n` +
        `Look first: sion get ${name.shown}${compare}\n` +
        (conditional
          ? 'What is there may be of this put or of another; the same command can be repeated safely.'
          : 'It was not sent again, since that could undo a newer write; with --if-absent or --if-match it is.'),
    );
  }
}

/** A body from this size on is sent when the proxy has asked for it. */
const inviteFromBytes = 1024 * 1024;

/** Fewer than for reads: each begins at the first byte again. */
export const putRetries = 3;

export async function writeObject(parts: WriteParts): Promise<WrittenObject> {
  const { source, terms, signal } = parts;
  const conditional = terms.ifAbsent === true || terms.ifMatch !== undefined;
  let unknown = false;
  for (let retries = 0; ; retries += 1) {
    const reading = openReading(parts);
    try {
      return await attempt(parts, reading);
    } catch (error) {
      const fault = judge(error, reading);
      if (signal?.aborted === true) throw interrupted(parts, unknown || reading.isHandedOver());
      unknown ||= fault === 'unknown';
      const reason = error instanceof Error ? error.message : String(error);
      const goesOn = fault !== 'final' && source.repeatable && retries < parts.patience.maxRetries;
      if (!goesOn || (unknown && !conditional) || (isRefused(error) && retries === 0)) {
        throw await explain(parts, error, unknown, reason);
      }
      parts.watch?.onRetry(reason);
      const { firstPauseMs, maxPauseMs } = parts.patience;
      await delay(parts.clock, Math.min(firstPauseMs * 2 ** retries, maxPauseMs), signal);
    }
  }
}

/** What an attempt that failed means: not applied and worth another try, nobody knows, or an answer that stands. */
type Fault = 'not-applied' | 'unknown' | 'final';

function judge(error: unknown, reading: Reading): Fault {
  if (error instanceof ConnectionFault) {
    return error.kind === 'broken' && reading.isHandedOver() ? 'unknown' : 'not-applied';
  }
  if (!(error instanceof RefusedCall)) return 'final';
  if (error.status === 504) return 'unknown';
  return error.status === 503 ? 'not-applied' : 'final';
}

function isRefused(error: unknown): boolean {
  return error instanceof ConnectionFault && error.kind === 'refused';
}

function openReading(parts: WriteParts): Reading {
  const { source, watch } = parts;
  let sent = 0;
  const reading = source.open((bytes) => {
    sent += bytes;
    watch?.onPiece(bytes);
    if (sent === source.sizeBytes) watch?.onSent();
  });
  if (source.sizeBytes === undefined) reading.stream.once('end', () => watch?.onSent());
  return reading;
}

async function attempt(parts: WriteParts, reading: Reading): Promise<WrittenObject> {
  const { http, name, source, signal } = parts;
  try {
    const answer = await callHttp(http, {
      method: 'PUT',
      path: objectPath(name),
      headers: headersOf(parts),
      body: reading.stream,
      inviteBody: (source.sizeBytes ?? inviteFromBytes) >= inviteFromBytes,
      ...(signal === undefined ? {} : { signal }),
    });
    if (!isSuccess(answer)) throw await refusalOf(answer);
    answer.resume();
    const { etag, 'sion-version': version } = answer.headers;
    return {
      created: answer.statusCode === 201,
      ...(etag === undefined ? {} : { etag }),
      ...(typeof version === 'string' ? { version } : {}),
    };
  } finally {
    reading.stream.destroy();
  }
}

function headersOf({ source, terms }: WriteParts): Readonly<Record<string, string | number>> {
  const { contentType, ttlSeconds, metadata, ifAbsent, ifMatch, durability, noPlace } = terms;
  const meta = [...(metadata ?? [])].map(([name, value]) => [`sion-meta-${name}`, encodeUserMetadataValue(value)]);
  return {
    'content-type': contentType ?? 'application/octet-stream',
    ...(source.sizeBytes === undefined ? {} : { 'content-length': source.sizeBytes }),
    ...(ttlSeconds === undefined ? {} : { 'sion-ttl': ttlSeconds }),
    ...(ifAbsent === true ? { 'if-none-match': '*' } : {}),
    ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
    ...(durability === undefined ? {} : { 'sion-durability': durability }),
    ...(noPlace === true ? { 'sion-no-place': '1' } : {}),
    ...Object.fromEntries(meta),
  };
}

/** The error to end with. */
async function explain(parts: WriteParts, error: unknown, unknown: boolean, reason: string): Promise<unknown> {
  const { name, source, terms } = parts;
  const isFailedCondition = error instanceof RefusedCall && error.status === 412;
  if (unknown && isFailedCondition && !(await mayBeOurs(parts))) return conditionFailed(name, terms);
  if (unknown)
    return new UnknownResult(name, reason, source.name, terms.ifAbsent === true || terms.ifMatch !== undefined);
  if (isFailedCondition) return conditionFailed(name, terms);
  if (error instanceof ConnectionFault && error.kind === 'broken') {
    return new CliError(
      1,
      `${name.shown} was not stored: ${reason}\nAn upload that breaks off leaves nothing behind and cannot be continued: ` +
        'put it again from the beginning.',
      { cause: error },
    );
  }
  return error;
}

/** After an attempt with an unknown result, a condition that fails may have been broken by that very attempt. */
async function mayBeOurs({ http, name, source }: WriteParts): Promise<boolean> {
  try {
    const answer = await callHttp(http, { method: 'HEAD', path: objectPath(name) });
    answer.resume();
    return isSuccess(answer) && Number(answer.headers['content-length']) === source.sizeBytes;
  } catch {
    return true;
  }
}

function conditionFailed(name: ObjectName, terms: PutTerms): CliError {
  if (terms.ifAbsent === true) return new CliError(1, `${name.shown} exists already; nothing was changed.`);
  return new CliError(
    1,
    `${name.shown} is not the version ${terms.ifMatch ?? ''} any more; nothing was changed. Read it, then decide again.`,
  );
}

function interrupted(parts: WriteParts, unknown: boolean): unknown {
  const reason: unknown = parts.signal?.reason;
  if (!(reason instanceof CliError)) return reason;
  const { name } = parts;
  return new CliError(
    reason.exitCode,
    unknown
      ? `${reason.message} INDETERMINATE: ${name.shown} may or may not have been stored. Look before you put it again.`
      : `${reason.message} ${name.shown} was not stored.`,
  );
}
