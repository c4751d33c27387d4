import { expect, test } from 'vitest';
import { StoredValues } from './stored-values.ts';

const short = Uint8Array.from({ length: 16 }, (_, index) => index);

test('a value tells which write it is from, whole and in part', () => {
  const values = new StoredValues();
  const { token, bytes } = values.make('plain-0-1', 'c1-1', 5_000, short);
  values.make('plain-0-1', 'c1-2', 5_000, short);
  expect(values.decode('plain-0-1', bytes)).toEqual({ kind: 'token', token });
  expect(values.decodeRange('plain-0-1', bytes.subarray(100, 400), 100, 400)).toEqual({ kind: 'token', token });
  expect(values.decodeRange('plain-0-1', bytes.subarray(4_900), 4_900, 9_000)).toEqual({ kind: 'token', token });
  expect(values.decodeRange('plain-0-1', bytes.subarray(4_990), 4_990, 9_000)).toEqual({ kind: 'short' });
  expect(values.lastSizeBytes('plain-0-1')).toBe(5_000);
});

test('short values are their own names; counters are numbers', () => {
  const values = new StoredValues();
  expect(values.make('plain-0-1', 'c1-1', 3, short)).toEqual({ token: '~000102', bytes: Buffer.of(0, 1, 2) });
  expect(values.decode('plain-0-1', Buffer.of(0, 1, 2))).toEqual({ kind: 'token', token: '~000102' });
  expect(values.decode('plain-0-1', Buffer.of())).toEqual({ kind: 'token', token: '~' });
  expect(values.decode('counter-0-1', Buffer.from('17'))).toEqual({ kind: 'token', token: '17' });
  expect(values.decode('counter-0-1', Buffer.from('017'))).toMatchObject({ kind: 'wrong' });
});

test('bytes of another key, another size, or one byte off are wrong', () => {
  const values = new StoredValues();
  const { bytes } = values.make('plain-0-1', 'c1-1', 100, short);
  const off = Buffer.from(bytes);
  off[50] = (off[50] ?? 0) ^ 1;
  expect(values.decode('plain-0-2', bytes)).toMatchObject({ kind: 'wrong' });
  expect(values.decode('plain-0-1', bytes.subarray(0, 99))).toMatchObject({ kind: 'wrong' });
  expect(values.decode('plain-0-1', off)).toMatchObject({ kind: 'wrong', reason: expect.stringContaining('byte 50') });
  expect(values.decodeRange('plain-0-1', off.subarray(20, 80), 20, 80)).toMatchObject({ kind: 'wrong' });
  expect(values.decodeRange('plain-0-1', bytes.subarray(20, 70), 20, 80)).toMatchObject({ kind: 'wrong' });
});
