import { payloadOf } from '@sion/workload';
import { describe, expect, test } from 'vitest';
import { ReadCheck } from './read-check.ts';
import { ValueBook } from './value-book.ts';

describe('what a read may find', () => {
  const versions = (book: ValueBook, ticket: ReturnType<ValueBook['beginRead']>) =>
    book.candidates(ticket).map(({ version }) => version);

  test('the last acknowledged value, and whatever is being written meanwhile', () => {
    const book = new ValueBook();
    const first = book.beginWrite('k', book.reserveVersion('k'), 10);
    const read = book.beginRead('k');
    expect(versions(book, read)).toEqual([1, 0]);
    book.endWrite(first);
    expect(versions(book, read)).toEqual([1, 0]);
    expect(versions(book, book.beginRead('k'))).toEqual([1]);
    book.beginWrite('k', book.reserveVersion('k'), 20);
    expect(versions(book, book.beginRead('k'))).toEqual([2, 1]);
    expect(book.sizeOf('k')).toBe(20);
  });

  test('either of two writes that overlapped, until a later one has ended', () => {
    const book = new ValueBook();
    const [one, other] = [1, 2].map(() => book.beginWrite('k', book.reserveVersion('k'), 10));
    if (one === undefined || other === undefined) return;
    book.endWrite(other);
    book.endWrite(one);
    const read = book.beginRead('k');
    expect(versions(book, read)).toEqual([2, 1]);
    book.endRead(read);
    book.endWrite(book.beginWrite('k', book.reserveVersion('k'), undefined));
    expect(versions(book, book.beginRead('k'))).toEqual([3]);
    expect(book.past(read).map(({ version }) => version)).toEqual(expect.arrayContaining([1, 2]));
  });

  test('a write whose result is unknown may be found for ever', () => {
    const book = new ValueBook();
    book.beginWrite('k', book.reserveVersion('k'), 10);
    for (let write = 0; write < 3; write++) book.endWrite(book.beginWrite('k', book.reserveVersion('k'), 10));
    expect(versions(book, book.beginRead('k'))).toEqual([4, 1]);
  });
});

describe('verdicts on what was read', () => {
  const present = { version: 2, sizeBytes: 1_000 };
  const old = { version: 1, sizeBytes: 1_000 };
  const absent = { version: 3, sizeBytes: undefined };
  const judge = (bytes: Uint8Array | undefined, candidates = [present], range?: { start: number; end: number }) => {
    const check = new ReadCheck('k', range, () => candidates);
    if (bytes !== undefined) for (let at = 0; at < bytes.length; at += 300) check.take(bytes.subarray(at, at + 300));
    return check.judge(bytes !== undefined, [old]);
  };

  test.each([
    ['right', judge(payloadOf('k', 2, 1_000))],
    ['right', judge(payloadOf('k', 2, 1_000).subarray(10, 20), [present], { start: 10, end: 20 })],
    ['stale', judge(payloadOf('k', 1, 1_000))],
    ['wrong', judge(payloadOf('other', 2, 1_000))],
    ['wrong', judge(payloadOf('k', 2, 1_000).subarray(0, 999))],
    ['miss', judge(undefined)],
    ['absent', judge(undefined, [present, absent as never])],
  ])('%s', (expected, verdict) => {
    expect(verdict).toBe(expected);
  });

  test('long answers are compared as they come', () => {
    const sizeBytes = 65 * 2 ** 20;
    const bytes = payloadOf('k', 2, sizeBytes);
    const judgeLong = () => {
      const check = new ReadCheck('k', undefined, () => [present, { version: 2, sizeBytes }]);
      for (let at = 0; at < sizeBytes; at += 2 ** 22) check.take(bytes.subarray(at, at + 2 ** 22));
      return check.judge(true, []);
    };
    expect(judgeLong()).toBe('right');
    bytes[sizeBytes - 1] = (bytes[sizeBytes - 1] ?? 0) ^ 1;
    expect(judgeLong()).toBe('wrong');
  });
});
