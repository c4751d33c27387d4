import { expect, test } from 'vitest';
import { strongestDurability } from './durability.ts';

test('the most careful of those that were asked for counts', () => {
  expect(strongestDurability(['memory', 'journal'], 'store')).toBe('journal');
  expect(strongestDurability(['memory'], 'store')).toBe('memory');
  expect(strongestDurability([], 'journal')).toBe('journal');
});

test('who does not say asks for the proxy’s own, also beside who asks for less', () => {
  expect(strongestDurability(['memory', undefined], 'store')).toBe('store');
  expect(strongestDurability([undefined, 'memory'], 'journal')).toBe('journal');
  expect(strongestDurability([undefined, 'store'], 'memory')).toBe('store');
});
