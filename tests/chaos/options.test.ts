import { expect, test } from 'vitest';
import { readOptions } from './options.ts';

test('without options, a run has its defaults and a drawn seed', () => {
  expect(readOptions([], 'drawn')).toEqual({
    ...{ minutes: 10, seed: 'drawn', durability: 'store', clients: 12, json: undefined },
  });
});

test('each may be said', () => {
  const args = ['--minutes', '0.5', '--seed', 'a', '--durability', 'mixed', '--clients', '3', '--json', 'report.json'];
  expect(readOptions(args, 'drawn')).toEqual({
    ...{ minutes: 0.5, seed: 'a', durability: 'mixed', clients: 3, json: 'report.json' },
  });
});

test.each([
  ['--minutes', '0'],
  ['--minutes', 'ten'],
  ['--minutes', '1441'],
  ['--durability', 'none'],
  ['--clients', '25'],
  ['--clients', '1.5'],
  ['--seed', ''],
  ['--json', ''],
  ['--unknown'],
  ['positional'],
])('%s %s is refused', (...args) => {
  expect(() => readOptions(args, 'drawn')).toThrow(args[0]);
});
