/**
 * PATCH of an object: changes its expiry, and nothing else. Bytes, content type and user metadata belong to a version and
 * change only with it, by PUT; whatever asks for that here is refused.
 */
import { SionError } from '@sion/wire';
import type { Decision, Mutation, ObjectInfo } from '../../objects/objects.ts';
import { answerEmpty, refuse } from './answer.ts';
import { type Conditions, judge, parseConditions } from './conditions.ts';
import type { ObjectExchange } from './exchange.ts';
import { preconditionFailed, ttlHeader } from './get-object.ts';
import { versionHeaders } from './put-object.ts';
import { notFound } from './refusal.ts';
import { type HeaderFields, hasBody, readDurability, readTtl } from './request-headers.ts';
import { timingOf } from './server-timing.ts';

/** How a PATCH's mutation was decided. `kept`: there was nothing to change. */
type PatchResult =
  | { readonly kind: 'changed' }
  | { readonly kind: 'kept'; readonly info: ObjectInfo }
  | { readonly kind: 'missing' }
  | { readonly kind: 'failed' };

export async function patchObject(exchange: ObjectExchange): Promise<void> {
  const { parts, request, key } = exchange;
  const ttlMs = readChange(request.headers);
  const conditions = parseConditions(request.headers);
  const durability = readDurability(request.headers);
  // Set from the callback, which runs before the mutation settles.
  const written: { info?: ObjectInfo } = {};
  const onWritten = (info: ObjectInfo) => {
    written.info = info;
  };
  const result = await parts.objects.mutate(key, patchMutation(ttlMs, conditions), {
    durability,
    onWritten,
    account: exchange.bill,
  });
  if (result.kind === 'failed') return refuse(exchange, preconditionFailed);
  if (result.kind === 'missing') return refuse(exchange, notFound('The object'));
  const info = result.kind === 'kept' ? result.info : written.info;
  answerEmpty(exchange, 200, {
    'content-length': 0,
    ...versionHeaders(info),
    ...(info === undefined ? {} : ttlHeader(info, parts.objects.nowMs())),
    'server-timing': timingOf(exchange),
  });
}

function patchMutation(ttlMs: number | 'none', conditions: Conditions | undefined): Mutation<PatchResult> {
  return {
    needs: 'info',
    decide(current, nowMs): Decision<PatchResult> {
      if (judge(conditions, current?.info, 'write') === 'failed') return { kind: 'keep', result: { kind: 'failed' } };
      if (current === undefined) return { kind: 'keep', result: { kind: 'missing' } };
      const { info } = current;
      if (ttlMs !== 'none') return { kind: 'expire', expiresAtMs: nowMs + ttlMs, result: { kind: 'changed' } };
      if (info.expiresAtMs === undefined) return { kind: 'keep', result: { kind: 'kept', info } };
      return { kind: 'expire', result: { kind: 'changed' } };
    },
  };
}

function readChange(headers: HeaderFields): number | 'none' {
  const remedy = 'PATCH changes the expiry only, by Sion-Ttl: <seconds> or Sion-Ttl: none';
  if (hasBody(headers)) throw new SionError('invalid', `${remedy}, and takes no body. PUT the whole object instead.`);
  const described = Object.keys(headers).find((name) => /^content-(?!length$)/.test(name));
  if (described !== undefined) {
    throw new SionError('invalid', `${remedy}; ${described} is changed by a PUT of the whole object. Leave it out.`);
  }
  const ttlMs = readTtl(headers);
  if (ttlMs === undefined) throw new SionError('invalid', `${remedy}. Send that header.`);
  return ttlMs;
}
