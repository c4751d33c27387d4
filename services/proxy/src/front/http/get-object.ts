/**
 * GET and HEAD of an object. The head of the answer is written when the first bytes are there, so that a read that cannot
 * begin is still refused properly; from then on a failure cuts the connection.
 */
import { SionError } from '@sion/wire';
import type { ObjectInfo, ReadOutcome } from '../../objects/objects.ts';
import { type AnswerHeaders, answerEmpty, refuse, sendPieces } from './answer.ts';
import { formatContentRange, parseRange, type RangeHeader } from './byte-range.ts';
import { type Conditions, judge, parseConditions, rangeStands } from './conditions.ts';
import type { Exchange, ObjectExchange } from './exchange.ts';
import { formatHttpDate } from './http-date.ts';
import { notFound, type Refusal } from './refusal.ts';
import { hasBody } from './request-headers.ts';
import { readTimingOf, timingOf } from './server-timing.ts';
import { userMetadataHeaders } from './user-metadata.ts';

export async function getObject(exchange: ObjectExchange): Promise<void> {
  const { headers } = exchange.request;
  refuseBody(exchange);
  const asked = parseRange(headers.range);
  const conditions = parseConditions(headers);
  if (await answeredUnread(exchange, conditions)) return;
  if (asked.kind === 'empty' && (await refusedEmpty(exchange, conditions))) return;
  const outcome = await readStanding(exchange, asked);
  if (exchange.signal.aborted) return letGo(outcome);
  if (outcome.kind === 'miss') return refuse(exchange, missRefusal(conditions));
  const verdict = judge(conditions, outcome.info, 'read');
  if (verdict !== 'proceed') {
    letGo(outcome);
    return answerVerdict(exchange, outcome.info, verdict);
  }
  if (outcome.kind === 'outside') return refuseRange(exchange, outcome.info);
  await answerBody(exchange, outcome);
}

export async function headObject(exchange: ObjectExchange): Promise<void> {
  refuseBody(exchange);
  const conditions = parseConditions(exchange.request.headers);
  const info = await exchange.parts.objects.info(exchange.key, exchange.bill);
  if (info === undefined) return refuse(exchange, missRefusal(conditions));
  const verdict = judge(conditions, info, 'read');
  if (verdict !== 'proceed') return answerVerdict(exchange, info, verdict);
  answerEmpty(exchange, 200, {
    ...infoHeaders(exchange, info),
    'content-length': info.sizeBytes,
    'server-timing': timingOf(exchange),
  });
}

/** `ETag`, `Sion-Version` and what else describes the version that is answered. */
function infoHeaders(exchange: ObjectExchange, info: ObjectInfo): AnswerHeaders {
  return {
    etag: info.etag,
    'sion-version': info.version,
    'last-modified': formatHttpDate(info.modifiedMs),
    ...contentHeaders(info.contentType ?? 'application/octet-stream'),
    'accept-ranges': 'bytes',
    ...ttlHeader(info, exchange.parts.objects.nowMs()),
    ...userMetadataHeaders(info.user),
  };
}

/** A document that may bring programs gets an origin of its own in browsers: it must not act for who opens it. */
function contentHeaders(contentType: string): AnswerHeaders {
  return {
    'content-type': contentType,
    'x-content-type-options': 'nosniff',
    ...(/html|xml|svg/i.test(contentType) ? { 'content-security-policy': 'sandbox' } : {}),
  };
}

/** Seconds left, rounded up; nothing when the object never expires. */
export function ttlHeader(info: ObjectInfo, nowMs: number): AnswerHeaders {
  return info.expiresAtMs === undefined
    ? {}
    : { 'sion-ttl': Math.max(1, Math.ceil((info.expiresAtMs - nowMs) / 1000)) };
}

/** 412 for a read or write whose condition failed. */
export const preconditionFailed: Refusal = {
  status: 412,
  code: 'precondition-failed',
  message:
    'The object is not in the state that the request asked for; nothing was changed. Read it, then decide again.',
};

/** Refuses a body where none belongs, rather than reading past it. */
export function refuseBody(exchange: Exchange): void {
  const { method, headers } = exchange.request;
  if (hasBody(headers)) throw new SionError('invalid', `${method} takes no body. Leave it out.`);
}

/** Gives up a read whose bytes nobody wants. */
function letGo(outcome: ReadOutcome): void {
  if (outcome.kind === 'hit') outcome.body.cancel();
}

/** A revalidation mostly ends here, without a read: the info alone says that nothing has changed. */
async function answeredUnread(exchange: ObjectExchange, conditions: Conditions | undefined): Promise<boolean> {
  if (conditions?.ifNoneMatch === undefined && conditions?.ifModifiedSinceMs === undefined) return false;
  const info = await exchange.parts.objects.info(exchange.key, exchange.bill);
  if (info === undefined) return false;
  const verdict = judge(conditions, info, 'read');
  if (verdict === 'proceed') return false;
  await answerVerdict(exchange, info, verdict);
  return true;
}

/** A range that no object can satisfy, unless `If-Range` makes it void. */
async function refusedEmpty(exchange: ObjectExchange, conditions: Conditions | undefined): Promise<boolean> {
  const info = await exchange.parts.objects.info(exchange.key, exchange.bill);
  const verdict = judge(conditions, info, 'read');
  if (info === undefined) await refuse(exchange, missRefusal(conditions));
  else if (verdict !== 'proceed') await answerVerdict(exchange, info, verdict);
  else if (rangeStands(ifRangeOf(exchange.request.headers), info)) await refuseRange(exchange, info);
  else return false;
  return true;
}

/** Reads the range that was asked for, or the whole object when `If-Range` names another version. */
async function readStanding(exchange: ObjectExchange, asked: RangeHeader): Promise<ReadOutcome> {
  const { key, signal, parts, request, bill: account } = exchange;
  if (asked.kind !== 'part') return parts.objects.read(key, { signal, account });
  const outcome = await parts.objects.read(key, { range: asked.range, signal, account });
  if (outcome.kind === 'miss' || rangeStands(ifRangeOf(request.headers), outcome.info)) return outcome;
  letGo(outcome);
  return parts.objects.read(key, { signal, account });
}

async function answerBody(exchange: ObjectExchange, hit: Extract<ReadOutcome, { kind: 'hit' }>): Promise<void> {
  const { signal } = exchange;
  const cancel = () => hit.body.cancel();
  // At once, not at the next piece: a client that leaves must not hold what a slow read still awaits.
  signal.addEventListener('abort', cancel, { once: true });
  try {
    await streamBody(exchange, hit);
  } catch (error) {
    if (!signal.aborted) cancel();
    throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

async function streamBody(exchange: ObjectExchange, hit: Extract<ReadOutcome, { kind: 'hit' }>): Promise<void> {
  const { response, parts } = exchange;
  const { body, info, range } = hit;
  const pieces = body[Symbol.asyncIterator]();
  const first = await pieces.next();
  if (exchange.signal.aborted) throw new SionError('unavailable', 'the client has gone');
  const isPart = range.end - range.start < info.sizeBytes;
  response.writeHead(isPart ? 206 : 200, {
    ...exchange.baseHeaders(),
    ...infoHeaders(exchange, info),
    'content-length': range.end - range.start,
    ...(isPart ? { 'content-range': formatContentRange(range, info.sizeBytes) } : {}),
    'server-timing': readTimingOf(exchange, body.trace, range.end - range.start),
  });
  await sendPieces(response, pieces, first, range.end - range.start, parts.limits.httpBodyIdleMs, parts.clock);
}

async function answerVerdict(
  exchange: ObjectExchange,
  info: ObjectInfo,
  verdict: 'unchanged' | 'failed',
): Promise<void> {
  if (verdict === 'failed') return refuse(exchange, preconditionFailed);
  answerEmpty(exchange, 304, { ...infoHeaders(exchange, info), 'server-timing': timingOf(exchange) });
}

/** `If-Match` on what does not exist fails as a condition (RFC 9110, section 13.1.1); anything else is a plain miss. */
function missRefusal(conditions: Conditions | undefined): Refusal {
  return judge(conditions, undefined, 'read') === 'failed' ? preconditionFailed : notFound('The object');
}

async function refuseRange(exchange: ObjectExchange, info: ObjectInfo): Promise<void> {
  return refuse(exchange, {
    status: 416,
    code: 'range-not-satisfiable',
    message: `The range lies outside the object, which has ${info.sizeBytes} bytes. Ask for bytes below that.`,
    headers: { 'content-range': `bytes */${info.sizeBytes}` },
  });
}

function ifRangeOf(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  const value = headers['if-range'];
  return Array.isArray(value) ? value.join(', ') : value;
}
