/**
 * What one key does when its operations come one after the other: the sequential model for checking histories of an
 * object store with conditions, counters and expiry. Values are known by a token, unique per write but for counters.
 *
 * An object is gone from the millisecond of its expiry on, as each operation's own look at the clock has it, which it takes
 * at some time between its call and its return. Once an operation has found an object gone, it is gone for all that
 * come after. One that looked in time may still change an object whose time has passed when it takes effect, as long
 * as nobody has missed the object meanwhile.
 *
 * A write may be volatile: the object may vanish at any time after it, and stays gone until the next write. Never does an
 * older value come back. An expiry changes nothing of that.
 */
import type { SequentialModel } from './linearizability.ts';

/** What an operation found under the key when its turn came. */
export type FoundObject =
  | { readonly kind: 'object'; readonly token: string; readonly expiresAtMs: number | undefined }
  /** An object whose expiry was not told. */
  | { readonly kind: 'value'; readonly token: string }
  /** An object of which nothing else was told. */
  | { readonly kind: 'something' }
  | { readonly kind: 'nothing' };

export type ObjectCall =
  | { readonly kind: 'read' }
  | {
      readonly kind: 'write';
      readonly token: string;
      readonly expiresAtMs?: number;
      /** Writes only then: when there is nothing, anything, or exactly this token. */
      readonly onlyIf?: 'absent' | 'present' | { readonly token: string };
      /** What it leaves may vanish. */
      readonly isVolatile?: boolean;
    }
  /** The next whole number, 1 when there is nothing; keeps the expiry. */
  | { readonly kind: 'increment'; readonly isVolatile?: boolean }
  | { readonly kind: 'delete' }
  /** Sets or, without a time, removes the expiry. */
  | { readonly kind: 'expire'; readonly expiresAtMs?: number };

export interface ObjectOperation {
  readonly call: ObjectCall;
  /** Undefined when the operation did not look, or its result is unknown. What it did follows from what it found. */
  readonly found: FoundObject | undefined;
  readonly calledMs: number;
  /** Infinite when its result is unknown. */
  readonly returnedMs: number;
}

export interface ObjectState {
  readonly token: string | undefined;
  readonly expiresAtMs: number | undefined;
  /** It may vanish. */
  readonly isVolatile: boolean;
}

const gone: ObjectState = { token: undefined, expiresAtMs: undefined, isVolatile: false };

export const objectModel: SequentialModel<ObjectState, ObjectOperation> = {
  initial: gone,
  step: (state, operation) => looksAt(state, operation).flatMap((look) => stepFrom(look, operation) ?? []),
  nameOf: ({ token, expiresAtMs, isVolatile }) => `${token} ${expiresAtMs} ${isVolatile}`,
};

/** The state as the operation may find it: in time, and expired or vanished. */
function looksAt(state: ObjectState, { calledMs, returnedMs }: ObjectOperation): readonly ObjectState[] {
  const { expiresAtMs, isVolatile } = state;
  const mayBeThere = expiresAtMs === undefined || calledMs < expiresAtMs;
  const mayBeGone = isVolatile || (expiresAtMs !== undefined && returnedMs >= expiresAtMs);
  return [...(mayBeThere ? [state] : []), ...(mayBeGone ? [gone] : [])];
}

function stepFrom(state: ObjectState, { call, found }: ObjectOperation): ObjectState | undefined {
  const { token, expiresAtMs, isVolatile } = state;
  if (!fits(found, state)) return undefined;
  switch (call.kind) {
    case 'read':
      return state;
    case 'write':
      if (!isMet(call.onlyIf, token)) return state;
      return { token: call.token, expiresAtMs: call.expiresAtMs, isVolatile: call.isVolatile === true };
    case 'increment':
      return { token: String(Number(token ?? '0') + 1), expiresAtMs, isVolatile: call.isVolatile === true };
    case 'delete':
      return gone;
    case 'expire':
      return token === undefined ? state : { token, expiresAtMs: call.expiresAtMs, isVolatile };
  }
}

function fits(found: FoundObject | undefined, { token, expiresAtMs }: ObjectState): boolean {
  switch (found?.kind) {
    case undefined:
      return true;
    case 'object':
      return found.token === token && found.expiresAtMs === expiresAtMs;
    case 'value':
      return found.token === token;
    case 'something':
      return token !== undefined;
    case 'nothing':
      return token === undefined;
  }
}

function isMet(condition: Extract<ObjectCall, { kind: 'write' }>['onlyIf'], token: string | undefined): boolean {
  if (condition === undefined) return true;
  if (condition === 'absent') return token === undefined;
  return condition === 'present' ? token !== undefined : token === condition.token;
}

/** `write b7 if absent`, for people. */
export function describeCall(call: ObjectCall): string {
  const volatile = 'isVolatile' in call && call.isVolatile ? ' to memory' : '';
  const until = 'expiresAtMs' in call && call.expiresAtMs !== undefined ? ` until ${call.expiresAtMs} ms` : '';
  switch (call.kind) {
    case 'write': {
      const { onlyIf } = call;
      const condition = onlyIf === undefined ? '' : ` if ${typeof onlyIf === 'object' ? onlyIf.token : onlyIf}`;
      return `write ${call.token}${until}${condition}${volatile}`;
    }
    case 'increment':
      return `increment${volatile}`;
    case 'expire':
      return until === '' ? 'persist' : `expire${until}`;
    default:
      return call.kind;
  }
}

/** `found b7 until 120 ms`, for people. */
export function describeFound(found: FoundObject | undefined): string {
  if (found === undefined) return 'done';
  if (found.kind === 'nothing' || found.kind === 'something') return `found ${found.kind}`;
  const until = found.kind === 'object' && found.expiresAtMs !== undefined ? ` until ${found.expiresAtMs} ms` : '';
  return `found ${found.token}${until}`;
}
