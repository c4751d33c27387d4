import { describe, expect, test } from 'vitest';
import { formatDuration, plainTransferLine, type TransferState, transferLine } from './transfer-line.ts';
import { TransferPace } from './transfer-pace.ts';

const mib = 1024 * 1024;
const half: TransferState = {
  name: 'large',
  bytes: 50 * mib,
  totalBytes: 100 * mib,
  bytesPerSecond: 10 * mib,
  secondsLeft: 5,
};

describe('a line', () => {
  test('has name, bar, share, bytes, rate and time left', () => {
    expect(transferLine(half, 100)).toBe(
      'large [==============>               ]  50%  50.0 MiB of 100.0 MiB  10.0 MiB/s  5 s left',
    );
    expect(plainTransferLine(half)).toBe('large: 50% 50.0 MiB of 100.0 MiB  10.0 MiB/s  5 s left');
  });

  test.each([200, 100, 80, 70, 60, 50, 40, 20, 5, 1])('fits %i columns', (columns) => {
    const long = { ...half, name: 'photos/2026/a-very-long-name-indeed/that-goes-on-and-on-and-on.jpg' };
    for (const state of [half, long, { ...long, note: 'waiting for the store' }]) {
      const line = transferLine(state, columns);
      expect(line.length).toBeLessThanOrEqual(Math.max(columns - 1, 1));
      if (columns >= 60) expect(line).toContain('50.0 MiB of 100.0 MiB');
    }
  });

  test('loses its bar before its figures, and shortens the name in the middle', () => {
    expect(transferLine(half, 60)).toBe('large  50%  50.0 MiB of 100.0 MiB  10.0 MiB/s  5 s left');
    const long = transferLine({ ...half, name: 'photos/2026/november/cat.jpg' }, 80);
    expect(long).toMatch(/^photos.*….*jpg \[=+> +\] {2}50% /);
  });

  test('says when nothing moves, and what is waited for', () => {
    const { secondsLeft: _, ...still } = { ...half, bytesPerSecond: 0 };
    expect(transferLine(still, 100)).toContain('0 B/s  stalled');
    expect(transferLine({ ...half, note: 'waiting for the store' }, 100)).toMatch(
      /100\.0 MiB {2}waiting for the store$/,
    );
  });

  test('has no share of what nobody knows the size of', () => {
    expect(transferLine({ name: 'a', bytes: mib, bytesPerSecond: mib }, 80)).toBe('a  1.0 MiB  1.0 MiB/s');
  });

  test('of nothing is full', () => {
    expect(transferLine({ name: 'a', bytes: 0, totalBytes: 0, bytesPerSecond: 0 }, 80)).toContain('100%  0 B of 0 B');
  });
});

test.each([
  [0, '0 s'],
  [0.2, '1 s'],
  [59.5, '1 min 00 s'],
  [185, '3 min 05 s'],
  [7_620, '2 h 07 min'],
  [356_400, '4 d 03 h'],
])('%d seconds are %s', (seconds, words) => {
  expect(formatDuration(seconds)).toBe(words);
});

describe('the pace', () => {
  test('is that of the last seconds, without what was there before', () => {
    const pace = new TransferPace(0, 1000);
    expect([pace.bytesPerSecond, pace.secondsLeft(2000)]).toEqual([0, undefined]);
    for (let second = 1; second <= 10; second += 1) pace.note(second * 1000, 1000 + second * 100);
    expect(pace.bytesPerSecond).toBe(100);
    expect(pace.secondsLeft(3000)).toBe(10);
    expect(pace.summary(10_000, 2000)).toEqual({ movedBytes: 1000, seconds: 10, rate: 100 });
  });

  test('shows a new speed within seconds, and a stall as none', () => {
    const pace = new TransferPace(0);
    for (let second = 1; second <= 10; second += 1) pace.note(second * 1000, second * 100);
    for (let second = 11; second <= 17; second += 1) pace.note(second * 1000, 1000 + (second - 10) * 1000);
    expect(pace.bytesPerSecond).toBe(1000);
    for (let second = 18; second <= 25; second += 1) pace.note(second * 1000, 8000);
    expect([pace.bytesPerSecond, pace.secondsLeft(9000)]).toEqual([0, undefined]);
  });
});
