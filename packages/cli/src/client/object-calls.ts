/** The small calls about one object: is it there, delete it, change when it expires. None is ever sent twice. */
import type { Agent, IncomingMessage } from 'node:http';
import { CliError } from '../cli-error.ts';
import { type Address, ConnectionFault, callHttp, isSuccess, RefusedCall, throwRefusal } from './http-call.ts';
import { type ObjectName, objectPath } from './object-name.ts';

/** When an object expires, in seconds from now; `never`, or `missing` when there is no such object. */
export type TimeLeft = number | 'never' | 'missing';

/** What a life time of an object is set to. */
export type NewTtl = number | 'none';

/** Reads when an object expires. */
export async function readTtl(http: Address, name: ObjectName): Promise<TimeLeft> {
  const answer = await callHttp(http, { method: 'HEAD', path: objectPath(name) });
  return timeLeft(answer);
}

/** Sets when an object expires, and nothing else of it. */
export async function changeTtl(http: Address, name: ObjectName, ttl: NewTtl): Promise<TimeLeft> {
  const call = { method: 'PATCH', path: objectPath(name), headers: { 'sion-ttl': ttl } } as const;
  const answer = await knowing(name, 'expiry', () => callHttp(http, call));
  if (answer.statusCode === 504) throw unknownResult(name, 'expiry', 'the proxy does not know');
  const left = await timeLeft(answer);
  if (left === 'missing') return left;
  // What is asked for here is what is answered, also when a write followed so closely that the answer says nothing.
  return ttl === 'none' ? 'never' : ttl;
}

/** Deletes an object; false = there was none. */
export async function deleteObject(
  http: Address,
  name: ObjectName,
  agent?: Agent,
  signal?: AbortSignal,
): Promise<boolean> {
  const call = {
    method: 'DELETE',
    path: objectPath(name),
    ...(agent === undefined ? {} : { agent }),
    ...(signal === undefined ? {} : { signal }),
  } as const;
  const answer = await knowing(name, 'delete', () => callHttp(http, call));
  if (answer.statusCode === 504) throw unknownResult(name, 'delete', 'the proxy does not know');
  if (answer.statusCode !== 404 && !isSuccess(answer)) return throwRefusal(answer);
  answer.resume();
  return answer.statusCode !== 404;
}

async function timeLeft(answer: IncomingMessage): Promise<TimeLeft> {
  if (answer.statusCode === 404) {
    answer.resume();
    return 'missing';
  }
  if (!isSuccess(answer)) return throwRefusal(answer);
  answer.resume();
  const left = answer.headers['sion-ttl'];
  return typeof left === 'string' && left !== 'none' ? Number(left) : 'never';
}

/** A change whose answer is lost may have happened. */
async function knowing(name: ObjectName, what: string, act: () => Promise<IncomingMessage>): Promise<IncomingMessage> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof ConnectionFault && error.kind === 'broken') throw unknownResult(name, what, error.message);
    throw error;
  }
}

function unknownResult(name: ObjectName, what: string, reason: string): CliError {
  return new CliError(
    4,
    `INDETERMINATE: the ${what} of ${name.shown} may or may not have happened: ${reason}. Look first: sion ttl ${name.shown}`,
  );
}

/** True when asking on is in vain: nobody listens, or the proxy is not serving. */
export function isHopeless(error: unknown): boolean {
  return (
    (error instanceof ConnectionFault && error.kind === 'refused') ||
    (error instanceof RefusedCall && error.code === 'closed')
  );
}
