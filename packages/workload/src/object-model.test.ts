/** What the model allows of values that may vanish; the rest of it is tested with the checker. */
import { describe, expect, test } from 'vitest';
import { checkLinearizable, type ObservedOperation } from './linearizability.ts';
import { describeCall, type FoundObject, type ObjectCall, type ObjectOperation, objectModel } from './object-model.ts';

const read: ObjectCall = { kind: 'read' };
const nothing: FoundObject = { kind: 'nothing' };
const durable = (token: string): ObjectCall => ({ kind: 'write', token });
const toMemory = (token: string): ObjectCall => ({ kind: 'write', token, isVolatile: true });

function object(token: string, expiresAtMs?: number): FoundObject {
  return { kind: 'object', token, expiresAtMs };
}

/** One call after the other; those without an end are of unknown result. */
function verdictOf(...steps: (readonly [call: ObjectCall, found?: FoundObject | 'unknown'])[]) {
  const operations = steps.map(([call, found], at): ObservedOperation<ObjectOperation> => {
    const isUnknown = found === 'unknown';
    return {
      operation: {
        call,
        found: isUnknown ? undefined : found,
        calledMs: 10 * at,
        returnedMs: isUnknown ? Number.POSITIVE_INFINITY : 10 * at + 5,
      },
      calledAt: 10 * at,
      returnedAt: isUnknown ? undefined : 10 * at + 5,
    };
  });
  return checkLinearizable(operations, objectModel).kind;
}

describe('a value in memory alone', () => {
  test('is found, or has vanished', () => {
    expect(verdictOf([toMemory('a')], [read, object('a')], [read, nothing])).toBe('linearizable');
    expect(verdictOf([toMemory('a')], [read, nothing])).toBe('linearizable');
    expect(verdictOf([durable('a')], [read, nothing])).toBe('broken');
  });

  test('stays gone until the next write', () => {
    expect(verdictOf([toMemory('a')], [read, nothing], [read, object('a')])).toBe('broken');
    expect(verdictOf([toMemory('a')], [read, nothing], [toMemory('b')], [read, object('b')])).toBe('linearizable');
  });

  test('leaves no older value behind', () => {
    expect(verdictOf([durable('a')], [toMemory('b')], [read, object('a')])).toBe('broken');
    expect(verdictOf([durable('a')], [toMemory('b')], [read, nothing], [read, object('a')])).toBe('broken');
  });

  test('does not vanish any more once it was written durably', () => {
    expect(verdictOf([toMemory('a')], [durable('b')], [read, nothing])).toBe('broken');
    expect(verdictOf([toMemory('1')], [{ kind: 'increment' }, object('1')], [read, nothing])).toBe('broken');
    expect(verdictOf([toMemory('1')], [{ kind: 'increment' }, nothing], [read, object('1')])).toBe('linearizable');
  });

  test('may vanish also with an expiry of its own', () => {
    const expire: ObjectCall = { kind: 'expire', expiresAtMs: 1000 };
    expect(verdictOf([toMemory('a')], [expire, object('a')], [read, nothing])).toBe('linearizable');
    expect(verdictOf([toMemory('a')], [expire, object('a')], [read, object('a', 1000)])).toBe('linearizable');
  });

  test('may have taken what was there even when nobody knows whether it was written', () => {
    expect(verdictOf([durable('a')], [toMemory('b'), 'unknown'], [read, nothing])).toBe('linearizable');
    expect(verdictOf([durable('a')], [toMemory('b'), 'unknown'], [read, object('a')])).toBe('linearizable');
    expect(verdictOf([durable('a')], [toMemory('b'), 'unknown'], [read, nothing], [read, object('a')])).toBe('broken');
  });

  test('is told apart in a history', () => {
    expect(describeCall(toMemory('b'))).toBe('write b to memory');
    expect(describeCall({ kind: 'increment', isVolatile: true })).toBe('increment to memory');
  });
});
