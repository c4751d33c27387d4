/** Codes and what they mean, bound to the page that documents them. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isSionError, SionError, sionErrorCodes } from './errors.ts';
import { clientInTest } from './fronts.test-data.ts';
import { errorOfReply } from './resp-errors.ts';
import { readWhole, refuse, serveHttpScript } from './scripted-servers.test-data.ts';

const page = readFileSync(fileURLToPath(new URL('../../../docs/errors.md', import.meta.url)), 'utf8');
const readme = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');

/** Rows of the page's table below this heading, cell by cell. */
function rowsOf(heading: string): readonly (readonly string[])[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) => row.split('|').map((cell) => cell.trim().replaceAll('`', '')));
}

describe('every code', () => {
  it.each(sionErrorCodes.map((code) => [code]))(
    '%s has its row in the client’s table of docs/errors.md and of the README',
    (code) => {
      expect(rowsOf('In the client library').map((row) => row[1])).toContain(code);
      expect(readme).toMatch(new RegExp(`^\\| \`${code}\` \\|`, 'm'));
      expect(new SionError(code, 'x').remedy).not.toBe('');
    },
  );

  it('of the page is one of the client’s, and is retryable as the page says', () => {
    const rows = rowsOf('In the client library');
    expect(new Set(rows.map((row) => row[1]))).toEqual(new Set(sionErrorCodes));
    for (const [, code, , retryable] of rows) {
      const known = sionErrorCodes.find((one) => one === code) ?? 'internal';
      expect([code, new SionError(known, 'x').retryable]).toEqual([code, retryable === 'yes']);
    }
  });

  it('is never retryable where a change may have happened', () => {
    for (const code of sionErrorCodes) {
      expect(new SionError(code, 'x', { effect: 'unknown', retryable: true }).retryable).toBe(false);
    }
  });
});

describe('what servers say', () => {
  it('over RESP is understood as documented', () => {
    const rows = rowsOf('Over RESP');
    expect(rows.length).toBeGreaterThanOrEqual(7);
    for (const [, prefix = '', code = ''] of rows) {
      // The prefix of both: the client cannot tell them apart, and both may be tried again.
      const expected = code === 'closed' ? 'unavailable' : code;
      expect([prefix, errorOfReply(`${prefix} text`, undefined).code]).toEqual([prefix, expected]);
    }
  });

  it('over HTTP is understood as documented: each code, with its word on trying again', async () => {
    const rows = rowsOf('Over HTTP').filter((row) => Number(row[1]) >= 400);
    const cases = rows.flatMap(([, status = '', codes = '', , retry = '']) =>
      codes.split(', ').map((code) => ({ status: Number(status), code, again: retry === 'yes' })),
    );
    expect(cases.length).toBeGreaterThanOrEqual(14);
    for (const { status, code, again } of cases) {
      const server = await serveHttpScript((request, response) => {
        void readWhole(request, response).then(() => refuse(response, status, code));
      });
      const call = clientInTest({ httpPort: server.port, retries: 0 }).setStream('k', 'v');
      const error = await call.catch((thrown: unknown) => thrown);
      // A condition that did not hold is a value.
      if (code === 'precondition-failed') expect(error).toBeNull();
      else expect({ code, again: isSionError(error) && error.retryable }).toEqual({ code, again });
    }
  });
});

it('an error of another copy of the package is known', () => {
  const other = Object.assign(new Error('x'), { [Symbol.for('sion.client.error')]: true });
  expect(isSionError(other)).toBe(true);
  expect(isSionError(new Error('x'))).toBe(false);
  expect(isSionError(undefined)).toBe(false);
});
