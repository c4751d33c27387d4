/** A client's call as the engine takes it: what it needs to know, and what it decides. */
import type { CurrentObject, Decision, Mutation, ObjectInfo, StagedBytes } from '@sion/proxy';
import type { FoundObject, ObjectCall } from '@sion/workload';
import { bytesOf } from './demand.ts';

/** What was found, as the checker knows it. */
export function foundIn(info: Pick<ObjectInfo, 'contentType' | 'expiresAtMs'> | undefined): FoundObject {
  if (info === undefined) return { kind: 'nothing' };
  return { kind: 'object', token: info.contentType ?? '', expiresAtMs: info.expiresAtMs };
}

/** Its result is what it found, if it looked. */
export function mutationOf(
  key: string,
  call: ObjectCall,
  staged: StagedBytes | undefined,
): Mutation<FoundObject | undefined> {
  const looks = call.kind !== 'write' || call.onlyIf !== undefined || call.expiresAtMs !== undefined;
  return {
    needs: looks ? 'info' : 'nothing',
    decide: (current) => decide(key, call, looks ? foundIn(current?.info) : undefined, current, staged),
  };
}

function decide(
  key: string,
  call: ObjectCall,
  found: FoundObject | undefined,
  current: CurrentObject | undefined,
  staged: StagedBytes | undefined,
): Decision<FoundObject | undefined> {
  const keep = { kind: 'keep', result: found } as const;
  const until = (expiresAtMs: number | undefined) => (expiresAtMs === undefined ? {} : { expiresAtMs });
  switch (call.kind) {
    case 'read':
      return keep;
    case 'write': {
      const { token, onlyIf, expiresAtMs } = call;
      if (onlyIf === 'absent' && current !== undefined) return keep;
      if (onlyIf === 'present' && current === undefined) return keep;
      if (typeof onlyIf === 'object' && current?.info.contentType !== onlyIf.token) return keep;
      const bytes = staged ?? bytesOf(key, token);
      return { kind: 'write', bytes, ...until(expiresAtMs), contentType: token, result: found };
    }
    case 'increment': {
      const next = String(Number(current?.info.contentType ?? '0') + 1);
      const bytes = Buffer.from(next);
      return { kind: 'write', bytes, ...until(current?.info.expiresAtMs), contentType: next, result: found };
    }
    case 'delete':
      return current === undefined ? keep : { kind: 'delete', result: found };
    case 'expire':
      return current === undefined ? keep : { kind: 'expire', ...until(call.expiresAtMs), result: found };
  }
}
