import { describe, expect, it } from 'vitest';
import { formatContentRange, parseRange } from './byte-range.ts';

describe('the Range header', () => {
  it.each([
    [undefined, { kind: 'whole' }],
    ['bytes=0-0', { kind: 'part', range: { start: 0, end: 1 } }],
    ['bytes=5-9', { kind: 'part', range: { start: 5, end: 10 } }],
    ['Bytes = 5-9', { kind: 'part', range: { start: 5, end: 10 } }],
    ['bytes=5-', { kind: 'part', range: { start: 5 } }],
    ['bytes=-5', { kind: 'part', range: { suffix: 5 } }],
    ['bytes=-0', { kind: 'empty' }],
    ['bytes=0-1,4-5', { kind: 'whole' }],
    ['bytes=,0-1,', { kind: 'part', range: { start: 0, end: 2 } }],
    ['lines=1-2', { kind: 'whole' }],
    ['bytes=99999999999999999999-', { kind: 'part', range: { start: Number.MAX_SAFE_INTEGER - 1 } }],
    ['bytes=0-99999999999999999999', { kind: 'part', range: { start: 0, end: Number.MAX_SAFE_INTEGER } }],
  ])('reads %j', (header, expected) => {
    expect(parseRange(header)).toEqual(expected);
  });

  it.each([
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=5-4',
    'bytes=1-2-3',
    'bytes=1',
    'bytes=--1',
    'bytes=0-1,x',
    '5-9',
  ])('refuses %j', (header) => {
    expect(() => parseRange(header)).toThrow(/not a range of bytes.*bytes=first-last/);
  });

  it('writes Content-Range', () => {
    expect(formatContentRange({ start: 5, end: 10 }, 20)).toBe('bytes 5-9/20');
  });
});
