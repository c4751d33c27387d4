import { readFileSync } from 'node:fs';
import { errorCodes, SionError } from '@sion/wire';
import { describe, expect, it } from 'vitest';
import { frontCodes, RefusedRequest, refusalOf, writeRefusal } from './refusal.ts';

const table = readFileSync(new URL('../../../../../docs/errors.md', import.meta.url), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const row = /^\| (\d{3}) \| ([^|]+) \|/.exec(line);
    return row === null ? [] : [{ status: Number(row[1]), codes: row[2] ?? '' }];
  });

describe('refusals', () => {
  it.each(errorCodes)('of %s have the status that docs/errors.md says', (code) => {
    const { status } = refusalOf(new SionError(code, 'why'));
    expect(table.find((row) => row.status === status)?.codes).toContain(`\`${code}\``);
  });

  it.each(frontCodes)('of %s are in docs/errors.md', (code) => {
    expect(table.some((row) => row.codes.includes(`\`${code}\``))).toBe(true);
  });

  it('give 504 to nothing but what is unknown', () => {
    expect(errorCodes.filter((code) => refusalOf(new SionError(code, 'why')).status === 504)).toEqual([
      'indeterminate',
    ]);
    expect(refusalOf(new SionError('indeterminate', 'why')).headers).toBeUndefined();
  });

  it('take any thrown value', () => {
    const refusal = { status: 418, code: 'forbidden', message: 'no' } as const;
    expect(refusalOf(new RefusedRequest(refusal))).toBe(refusal);
    expect(refusalOf('text')).toMatchObject({ status: 500, code: 'internal' });
    expect(refusalOf(Object.assign(new Error('bad media'), { statusCode: 415 }))).toMatchObject({
      code: 'unsupported-media',
    });
    expect(refusalOf(Object.assign(new Error('bad'), { statusCode: 500 }))).toMatchObject({ code: 'internal' });
  });

  it('are JSON with code, message and request id', () => {
    const text = writeRefusal({ status: 400, code: 'invalid', message: 'a "quoted" reason' }, 'id-1');
    expect(JSON.parse(text)).toEqual({ error: { code: 'invalid', message: 'a "quoted" reason', requestId: 'id-1' } });
  });
});
