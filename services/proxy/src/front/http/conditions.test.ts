import { describe, expect, it } from 'vitest';
import { type ConditionHeaders, judge, parseConditions, rangeStands, type Verdict } from './conditions.ts';
import { formatHttpDate } from './http-date.ts';

const modifiedMs = 1_700_000_000_500;
const info = { sizeBytes: 1, etag: '"a"', version: '1.1', modifiedMs };
const at = (seconds: number) => formatHttpDate(modifiedMs + seconds * 1000);

interface Case {
  readonly headers: ConditionHeaders;
  readonly there: boolean;
  readonly read: Verdict;
  readonly write: Verdict;
}

const cases: readonly Case[] = [
  { headers: {}, there: true, read: 'proceed', write: 'proceed' },
  { headers: { 'if-match': '*' }, there: true, read: 'proceed', write: 'proceed' },
  { headers: { 'if-match': '*' }, there: false, read: 'failed', write: 'failed' },
  { headers: { 'if-match': '"b", "a"' }, there: true, read: 'proceed', write: 'proceed' },
  { headers: { 'if-match': '"b"' }, there: true, read: 'failed', write: 'failed' },
  { headers: { 'if-match': 'W/"a"' }, there: true, read: 'failed', write: 'failed' },
  { headers: { 'if-none-match': '*' }, there: true, read: 'unchanged', write: 'failed' },
  { headers: { 'if-none-match': '*' }, there: false, read: 'proceed', write: 'proceed' },
  { headers: { 'if-none-match': '"a"' }, there: true, read: 'unchanged', write: 'failed' },
  { headers: { 'if-none-match': 'W/"a","c"' }, there: true, read: 'unchanged', write: 'failed' },
  { headers: { 'if-none-match': '"b"' }, there: true, read: 'proceed', write: 'proceed' },
  { headers: { 'if-unmodified-since': at(0) }, there: true, read: 'proceed', write: 'proceed' },
  { headers: { 'if-unmodified-since': at(-1) }, there: true, read: 'failed', write: 'failed' },
  { headers: { 'if-unmodified-since': at(-1) }, there: false, read: 'proceed', write: 'proceed' },
  { headers: { 'if-unmodified-since': at(-1), 'if-match': '"a"' }, there: true, read: 'proceed', write: 'proceed' },
  { headers: { 'if-modified-since': at(0) }, there: true, read: 'unchanged', write: 'proceed' },
  { headers: { 'if-modified-since': at(-1) }, there: true, read: 'proceed', write: 'proceed' },
  { headers: { 'if-modified-since': at(0), 'if-none-match': '"b"' }, there: true, read: 'proceed', write: 'proceed' },
  { headers: { 'if-modified-since': 'yesterday' }, there: true, read: 'proceed', write: 'proceed' },
];

describe('conditions', () => {
  it.each(cases)('$headers on an object that is there: $there → read $read, write $write', (each) => {
    const conditions = parseConditions(each.headers);
    const current = each.there ? info : undefined;
    expect(judge(conditions, current, 'read')).toBe(each.read);
    expect(judge(conditions, current, 'write')).toBe(each.write);
  });

  it.each(['a', '"a" "b"', '"a', 'W/a', '"a",*'])('refuses the list %j', (list) => {
    expect(() => parseConditions({ 'if-match': list })).toThrow(/If-Match.*entity tags/);
  });

  it('lets If-Range name the version by tag or by date', () => {
    expect(rangeStands(undefined, info)).toBe(true);
    expect(rangeStands('"a"', info)).toBe(true);
    expect(rangeStands('W/"a"', info)).toBe(false);
    expect(rangeStands('"b"', info)).toBe(false);
    expect(rangeStands(at(0), info)).toBe(true);
    expect(rangeStands(at(1), info)).toBe(false);
  });
});
