import { expect, test } from 'vitest';
import { createManualClock } from '../../../../tests/doubles/manual-clock.ts';
import { plainWords, TroubleFilter, troubleIn } from './trouble-filter.ts';

test.each([
  ['', undefined],
  ['{"level":"info","event":"started"}', undefined],
  ['{"level":"warn","event":"slow"}', undefined],
  [
    '{"level":"error","time":"x","service":"proxy","event":"store-failed","code":"ENOSPC","tries":3}',
    'store-failed, code ENOSPC, tries 3',
  ],
  ['TypeError: x is not a function', undefined],
  ['{broken', undefined],
])('%s → %s', (line, text) => {
  expect(troubleIn(line)).toBe(text);
});

test('last words are what is no log line', () => {
  expect(plainWords(['{"level":"info","event":"started"}', '', 'Error: no', '    at here', '{half'])).toBe(
    'Error: no\n    at here\n{half',
  );
});

const boom = (index: number) => JSON.stringify({ level: 'error', event: 'boom', index });

test('a storm is cut, and told of again in the next period', () => {
  const clock = createManualClock();
  const said: string[] = [];
  const filter = new TroubleFilter('proxy', clock, (text) => said.push(text));
  for (let index = 0; index < 100; index += 1) filter.take(boom(index));
  expect(said).toHaveLength(6);
  expect(said[0]).toBe('  proxy: boom, index 0');
  expect(said.at(-1)).toContain('log file');
  clock.advance(10_000);
  filter.take(boom(100));
  expect(said.at(-1)).toBe('  proxy: boom, index 100');
});
