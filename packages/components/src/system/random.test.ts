import { expect, test } from 'vitest';
import { randomHex } from '../random.ts';
import { systemRandom } from './random.ts';

test('bytes are fresh and as many as asked for', () => {
  expect(systemRandom.bytes(16)).toHaveLength(16);
  expect(randomHex(systemRandom, 16)).toMatch(/^[0-9a-f]{32}$/);
  expect(randomHex(systemRandom, 16)).not.toBe(randomHex(systemRandom, 16));
});

test('integers reach every value below the limit and none beyond', () => {
  const seen = new Set<number>();
  for (let round = 0; round < 1000; round += 1) seen.add(systemRandom.integer(4));
  expect(seen).toEqual(new Set([0, 1, 2, 3]));
});
