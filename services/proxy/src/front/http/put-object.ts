/**
 * PUT of an object: headers are judged first, then the body streams into the engine as it arrives, then one mutation
 * makes it visible. Until that mutation nothing is, so a body that breaks off leaves no trace.
 */
import { SionError } from '@sion/wire';
import type { Decision, Mutation, NewBytes, ObjectInfo, StagedBytes } from '../../objects/objects.ts';
import { answerEmpty, refuse } from './answer.ts';
import { type Conditions, judge, parseConditions } from './conditions.ts';
import type { ObjectExchange } from './exchange.ts';
import { preconditionFailed } from './get-object.ts';
import { readBody } from './request-body.ts';
import { type PutHeaders, readPutHeaders } from './request-headers.ts';
import { timingOf } from './server-timing.ts';

/** How a PUT's mutation was decided. */
type PutResult = 'created' | 'replaced' | 'failed';

export async function putObject(exchange: ObjectExchange): Promise<void> {
  const { parts, request, key, signal } = exchange;
  const headers = readPutHeaders(request.headers, parts.limits.maxHttpObjectBytes);
  const conditions = parseConditions(request.headers);
  if (
    conditions !== undefined &&
    judge(conditions, await parts.objects.info(key, exchange.bill), 'write') === 'failed'
  ) {
    return refuse(exchange, preconditionFailed);
  }
  inviteBody(exchange);
  const options = { durability: headers.durability, place: headers.place, account: exchange.bill };
  const staged = await parts.objects.stage(key, newBytes(exchange, headers), { ...options, signal });
  try {
    if (signal.aborted) throw new SionError('unavailable', 'the client has gone before its object was stored');
    // Set from the callback, which runs before the mutation settles.
    const written: { info?: ObjectInfo } = {};
    const onWritten = (info: ObjectInfo) => {
      written.info = info;
    };
    const result = await parts.objects.mutate(key, putMutation(staged, headers, conditions), { ...options, onWritten });
    if (result === 'failed') return await refuse(exchange, preconditionFailed);
    answerEmpty(exchange, result === 'created' ? 201 : 200, {
      'content-length': 0,
      ...versionHeaders(written.info),
      'server-timing': timingOf(exchange),
    });
  } finally {
    await staged.discard();
  }
}

/** Only now is a client that asked first (`Expect: 100-continue`) told to send its body. */
function inviteBody(exchange: ObjectExchange): void {
  if (exchange.bodyInvited) return;
  exchange.response.writeContinue();
  exchange.bodyInvited = true;
}

function newBytes(exchange: ObjectExchange, headers: PutHeaders): NewBytes {
  const { parts, request } = exchange;
  if (headers.sizeBytes === 0) return { kind: 'bytes', bytes: new Uint8Array(0) };
  const limits = { maxBytes: parts.limits.maxHttpObjectBytes, idleMs: parts.limits.httpBodyIdleMs };
  const pieces = readBody(request, limits, parts.clock);
  return headers.sizeBytes === undefined
    ? { kind: 'stream', pieces }
    : { kind: 'stream', pieces, sizeBytes: headers.sizeBytes };
}

function putMutation(
  staged: StagedBytes,
  headers: PutHeaders,
  conditions: Conditions | undefined,
): Mutation<PutResult> {
  return {
    // Whether it is created or replaced is told as far as it is known: a journaled write goes on while the store is away.
    needs: conditions === undefined ? 'hint' : 'info',
    decide(current, nowMs): Decision<PutResult> {
      if (judge(conditions, current?.info, 'write') === 'failed') return { kind: 'keep', result: 'failed' };
      return {
        kind: 'write',
        bytes: staged,
        ...(headers.ttlMs === undefined ? {} : { expiresAtMs: nowMs + headers.ttlMs }),
        ...(headers.contentType === undefined ? {} : { contentType: headers.contentType }),
        ...(headers.user === undefined ? {} : { user: headers.user }),
        result: current === undefined ? 'created' : 'replaced',
      };
    },
  };
}

/** `ETag` and `Sion-Version`; absent when a later write, folded with this one, had replaced the version before anybody could see it. */
export function versionHeaders(info: ObjectInfo | undefined): Readonly<Record<string, string>> {
  return info === undefined || info.etag === '' ? {} : { etag: info.etag, 'sion-version': info.version };
}
