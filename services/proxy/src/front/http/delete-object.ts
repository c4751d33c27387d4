/** DELETE of an object: 204 when it was there, 404 when it was not. */
import type { Decision, Mutation } from '../../objects/objects.ts';
import { answerEmpty, refuse } from './answer.ts';
import { judge, parseConditions } from './conditions.ts';
import type { ObjectExchange } from './exchange.ts';
import { preconditionFailed, refuseBody } from './get-object.ts';
import { notFound } from './refusal.ts';
import { readDurability } from './request-headers.ts';
import { timingOf } from './server-timing.ts';

/** How a DELETE's mutation was decided. */
type DeleteResult = 'deleted' | 'missing' | 'failed';

export async function deleteObject(exchange: ObjectExchange): Promise<void> {
  const { parts, request, key } = exchange;
  refuseBody(exchange);
  const conditions = parseConditions(request.headers);
  const durability = readDurability(request.headers);
  const mutation: Mutation<DeleteResult> = {
    needs: 'info',
    decide(current): Decision<DeleteResult> {
      if (judge(conditions, current?.info, 'write') === 'failed') return { kind: 'keep', result: 'failed' };
      if (current === undefined) return { kind: 'keep', result: 'missing' };
      return { kind: 'delete', result: 'deleted' };
    },
  };
  const result = await parts.objects.mutate(key, mutation, { durability, account: exchange.bill });
  if (result === 'failed') return refuse(exchange, preconditionFailed);
  if (result === 'missing') return refuse(exchange, notFound('The object'));
  answerEmpty(exchange, 204, { 'server-timing': timingOf(exchange) });
}
