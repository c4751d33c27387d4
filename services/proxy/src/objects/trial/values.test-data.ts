/** The values of a trial's objects, and what a mutation of them decides: values name themselves, so nothing is remembered. */
import { type FoundObject, type ObjectCall, payloadOf } from '@sion/workload';
import type { CurrentObject, Decision, ObjectInfo, StagedBytes } from '../objects.ts';

/** The bytes of a token: of a counter its digits, otherwise the payload whose size the token tells. */
export function bytesOf(key: string, token: string): Uint8Array {
  if (!token.includes(':')) return Buffer.from(token);
  return payloadOf(key, token, Number(token.slice(token.indexOf(':') + 1)));
}

/** What an info says of a value. */
export function foundIn(info: Pick<ObjectInfo, 'contentType' | 'expiresAtMs'> | undefined): FoundObject {
  if (info === undefined) return { kind: 'nothing' };
  return { kind: 'object', token: info.contentType ?? '', expiresAtMs: info.expiresAtMs };
}

/** What the call asks for, given what is there. */
export function decide(
  key: string,
  call: ObjectCall,
  found: FoundObject | undefined,
  current: CurrentObject | undefined,
  staged: StagedBytes | undefined,
): Decision<FoundObject | undefined> {
  const keep = { kind: 'keep', result: found } as const;
  switch (call.kind) {
    case 'read':
      return keep;
    case 'write': {
      const { onlyIf, token } = call;
      const present = current?.info.contentType;
      if (onlyIf === 'absent' && current !== undefined) return keep;
      if (onlyIf === 'present' && current === undefined) return keep;
      if (typeof onlyIf === 'object' && present !== onlyIf.token) return keep;
      const until = call.expiresAtMs === undefined ? {} : { expiresAtMs: call.expiresAtMs };
      return { kind: 'write', bytes: staged ?? bytesOf(key, token), ...until, contentType: token, result: found };
    }
    case 'increment': {
      const next = String(Number(current?.info.contentType ?? '0') + 1);
      const expiresAtMs = current?.info.expiresAtMs;
      const until = expiresAtMs === undefined ? {} : { expiresAtMs };
      return { kind: 'write', bytes: Buffer.from(next), ...until, contentType: next, result: found };
    }
    case 'delete':
      return current === undefined ? keep : { kind: 'delete', result: found };
    case 'expire': {
      if (current === undefined) return keep;
      const until = call.expiresAtMs === undefined ? {} : { expiresAtMs: call.expiresAtMs };
      return { kind: 'expire', ...until, result: found };
    }
  }
}
