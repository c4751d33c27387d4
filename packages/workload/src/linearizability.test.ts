import { describe, expect, test } from 'vitest';
import { checkLinearizable, maxOpenOperations, type ObservedOperation } from './linearizability.ts';
import { type FoundObject, type ObjectCall, type ObjectOperation, objectModel } from './object-model.ts';

const nothing: FoundObject = { kind: 'nothing' };
const write = (token: string, expiresAtMs?: number): ObjectCall =>
  expiresAtMs === undefined ? { kind: 'write', token } : { kind: 'write', token, expiresAtMs };
const read: ObjectCall = { kind: 'read' };

function object(token: string, expiresAtMs?: number): FoundObject {
  return { kind: 'object', token, expiresAtMs };
}

/** Positions are milliseconds as well. */
function operation(
  calledAt: number,
  returnedAt: number | undefined,
  call: ObjectCall,
  found?: FoundObject,
): ObservedOperation<ObjectOperation> {
  const returnedMs = returnedAt ?? Number.POSITIVE_INFINITY;
  return { operation: { call, found, calledMs: calledAt, returnedMs }, calledAt, returnedAt };
}

function verdictOf(...operations: ObservedOperation<ObjectOperation>[]) {
  return checkLinearizable(operations, objectModel).kind;
}

describe('a history', () => {
  test('of one operation after the other must be the sequential one', () => {
    expect(verdictOf(operation(1, 2, write('a')), operation(3, 4, read, object('a')))).toBe('linearizable');
    expect(verdictOf(operation(1, 2, write('a')), operation(3, 4, read, nothing))).toBe('broken');
    expect(verdictOf(operation(1, 2, read, object('a')))).toBe('broken');
  });

  test('may show a write to a read that overlaps it, or not yet', () => {
    for (const found of [nothing, object('a')]) {
      expect(verdictOf(operation(1, 4, write('a')), operation(2, 3, read, found))).toBe('linearizable');
    }
  });

  test('never goes back to an older value', () => {
    const writes = [operation(1, 2, write('a')), operation(3, 8, write('b'))];
    expect(verdictOf(...writes, operation(4, 5, read, object('a')), operation(6, 7, read, object('b')))).toBe(
      'linearizable',
    );
    expect(verdictOf(...writes, operation(4, 5, read, object('b')), operation(6, 7, read, object('a')))).toBe('broken');
  });

  test('says where it broke and what the object may have been', () => {
    const verdict = checkLinearizable([operation(1, 2, write('a')), operation(3, 4, read, nothing)], objectModel);
    expect(verdict).toMatchObject({ kind: 'broken', operation: { calledAt: 3 }, states: [{ token: 'a' }] });
  });

  test('has no two conditional writes that both found nothing', () => {
    const put = (token: string): ObjectCall => ({ kind: 'write', token, onlyIf: 'absent' });
    expect(verdictOf(operation(1, 4, put('a'), nothing), operation(2, 3, put('b'), object('a')))).toBe('linearizable');
    expect(verdictOf(operation(1, 4, put('a'), nothing), operation(2, 3, put('b'), nothing))).toBe('broken');
  });

  test('counts every increment once', () => {
    const next: ObjectCall = { kind: 'increment' };
    expect(verdictOf(operation(1, 4, next, nothing), operation(2, 5, next, object('1')))).toBe('linearizable');
    expect(verdictOf(operation(1, 4, next, object('1')), operation(2, 5, next, object('1')))).toBe('broken');
  });
});

describe('an operation of unknown result', () => {
  test('may have happened, at once or much later, or not at all', () => {
    const history = [operation(1, 2, write('a')), operation(3, undefined, write('b'))];
    const readsOf = (...tokens: string[]) =>
      tokens.map((token, index) => operation(10 + 2 * index, 11 + 2 * index, read, object(token)));
    expect(verdictOf(...history, ...readsOf('a', 'a'))).toBe('linearizable');
    expect(verdictOf(...history, ...readsOf('b', 'b'))).toBe('linearizable');
    expect(verdictOf(...history, ...readsOf('a', 'b'))).toBe('linearizable');
    expect(verdictOf(...history, ...readsOf('b', 'a'))).toBe('broken');
  });
});

describe('expiry', () => {
  test('takes the object away at its time, for good', () => {
    const until9 = operation(1, 2, write('a', 9));
    expect(verdictOf(until9, operation(7, 8, read, object('a', 9)))).toBe('linearizable');
    expect(verdictOf(until9, operation(7, 8, read, nothing))).toBe('broken');
    expect(verdictOf(until9, operation(7, 9, read, nothing))).toBe('linearizable');
    expect(verdictOf(until9, operation(10, 11, read, object('a', 9)))).toBe('broken');
  });

  test('that was removed in time does not come', () => {
    const persist: ObjectCall = { kind: 'expire' };
    const history = [operation(1, 2, write('a', 9)), operation(3, 12, persist, object('a', 9))];
    expect(verdictOf(...history, operation(10, 11, read, object('a')))).toBe('linearizable');
    expect(verdictOf(...history, operation(10, 11, read, nothing), operation(13, 14, read, object('a')))).toBe(
      'broken',
    );
  });
});

test('what was told only in part must fit all the same', () => {
  const value = (token: string): FoundObject => ({ kind: 'value', token });
  const something: FoundObject = { kind: 'something' };
  const history = [operation(1, 2, write('a', 99))];
  expect(verdictOf(...history, operation(3, 4, read, value('a')))).toBe('linearizable');
  expect(verdictOf(...history, operation(3, 4, read, value('b')))).toBe('broken');
  expect(verdictOf(...history, operation(3, 4, { kind: 'delete' }, something))).toBe('linearizable');
  expect(verdictOf(operation(1, 2, { kind: 'delete' }, something))).toBe('broken');
});

test('operations of unknown result that change nothing more cost nothing', () => {
  const writes = Array.from({ length: 25 }, (_, index) => operation(index + 1, undefined, write(`w${index}`)));
  const reads = Array.from({ length: 10 }, (_, index) =>
    operation(30 + 2 * index, 31 + 2 * index, read, object(`w${index}`)),
  );
  expect(checkLinearizable([...writes, ...reads], objectModel, 1000).kind).toBe('linearizable');
});

test('too many orders are said to be too many', () => {
  const counts = Array.from({ length: 20 }, (_, index) => operation(index + 1, 100 + index, { kind: 'increment' }));
  expect(checkLinearizable(counts, objectModel, 1000).kind).toBe('undecided');
  const crowd = Array.from({ length: maxOpenOperations + 1 }, (_, index) => operation(index + 1, undefined, read));
  expect(() => checkLinearizable(crowd, objectModel)).toThrow(RangeError);
});
