import { expect, test } from 'vitest';
import { readWanted } from './options.ts';

test('without options, ten random seeds', () => {
  expect(readWanted([])).toMatchObject({ seeds: 10, operations: 2000, log: false, firstFailure: false });
  expect(readWanted(['--help'])).toBeUndefined();
});

test.each([
  ['--seeds is "0"', ['--seeds', '0']],
  ['--operations is "many"', ['--operations', 'many']],
  ['--jobs is "1.5"', ['--jobs', '1.5']],
  ['it excludes --seeds', ['--seed', 'a', '--seeds', '3']],
  ['it excludes --seeds and --series', ['--seed', 'a', '--series', 'b']],
  ['need a name', ['--seed', '']],
  ['--unknown', ['--unknown']],
])('%s is said', (words, args) => {
  expect(() => readWanted(args)).toThrow(words);
});
