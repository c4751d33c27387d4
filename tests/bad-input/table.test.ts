/** docs/bad-input.md has a row for each bad input, and each row has its test. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { badInputs } from './table.ts';

const textOf = (path: string) => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');

it('the page has exactly these rows', () => {
  const rows = textOf('../../docs/bad-input.md')
    .split('\n')
    .filter((line) => line.startsWith('| ') && line.includes('.test.ts'));
  expect(rows).toEqual(
    badInputs.map(({ input, gets, limit, test }) => `| ${input} | ${gets} | ${limit} | \`${test}\` |`),
  );
});

it.each(badInputs)('$input is shown by $test', ({ input, test }) => {
  expect(textOf(test)).toContain(`'${input}'`);
});
