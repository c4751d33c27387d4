import { expect, test } from 'vitest';
import { RecentUse } from './recent-use.ts';

test('what a node has sent counts less and less', () => {
  const use = new RecentUse();
  expect(use.bytes(1, 0)).toBe(0);
  use.note(1, 1000, 0);
  expect(use.bytes(1, 0)).toBe(1000);
  expect(use.bytes(1, 1000)).toBeCloseTo(368, 0);
  use.note(1, 1000, 1000);
  expect(use.bytes(1, 1000)).toBeCloseTo(1368, 0);
  expect(use.bytes(1, 60_000)).toBeCloseTo(0);
  expect(use.bytes(2, 1000)).toBe(0);
});
