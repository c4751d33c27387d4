/**
 * The `Range` header (RFC 9110, section 14) as the objects understand it. One range is served; of several, the whole
 * object is (which the RFC allows); a unit other than bytes is ignored, as the RFC demands; a broken one is refused.
 */
import { SionError } from '@sion/wire';
import type { ObjectRange, RangeRequest } from '../../objects/objects.ts';

/** What a `Range` header asks for; `empty` can be satisfied by no object. */
export type RangeHeader = { readonly kind: 'whole' } | { readonly kind: 'empty' } | RangeHeaderPart;

/** One range. */
interface RangeHeaderPart {
  readonly kind: 'part';
  readonly range: RangeRequest;
}

export function parseRange(header: string | undefined): RangeHeader {
  if (header === undefined) return { kind: 'whole' };
  const unit = /^\s*([^=\s]+)\s*=(.*)$/s.exec(header);
  if (unit === null) throw broken(header);
  if (unit[1]?.toLowerCase() !== 'bytes') return { kind: 'whole' };
  const parts = (unit[2] ?? '').split(',').map((part) => part.trim());
  const ranges = parts.filter((part) => part !== '').map((part) => parsePart(part, header));
  const [first, ...others] = ranges;
  if (first === undefined) throw broken(header);
  return others.length > 0 ? { kind: 'whole' } : first;
}

/** The `Content-Range` of an answered range. */
export function formatContentRange(range: ObjectRange, sizeBytes: number): string {
  return `bytes ${range.start}-${range.end - 1}/${sizeBytes}`;
}

function parsePart(part: string, header: string): RangeHeader {
  const match = /^(\d*)-(\d*)$/.exec(part);
  if (match === null) throw broken(header);
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') throw broken(header);
  if (first === '') {
    const suffix = wholeNumber(last);
    return suffix === 0 ? { kind: 'empty' } : { kind: 'part', range: { suffix } };
  }
  const start = wholeNumber(first);
  if (last === '') return { kind: 'part', range: { start } };
  const end = wholeNumber(last) + 1;
  if (end <= start) throw broken(header);
  return { kind: 'part', range: { start, end } };
}

/** Numbers beyond what a double holds exactly mean "past any object". */
function wholeNumber(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER - 1);
}

function broken(header: string): SionError {
  return new SionError(
    'invalid',
    `Range: ${header.slice(0, 100)} is not a range of bytes. Send bytes=first-last, bytes=first- or bytes=-count, with last ≥ first.`,
  );
}
