/**
 * The percent form of a key: its name in the store where that is not too long. The rules stand in `key-name.ts`, whose
 * part this is; `key-ranges.ts` needs it at any length.
 */

/** Opens the form for long keys; cannot occur in the percent form, where two hexadecimal digits follow each '%'. */
export const longMark = '%~';

/** The percent form of a key, whatever its length; the empty key's is empty. */
export function percentForm(key: string): string {
  let name = '';
  for (const [segment, closed] of segmentsOf(key)) name += nameOfSegment(segment, name === '') + (closed ? '/' : '');
  return name;
}

/** Undoes the percent form; undefined for a '%' without two hexadecimal digits or an unpaired surrogate. */
export function unescapeName(name: string): string | undefined {
  if (!name.isWellFormed()) return undefined;
  const bytes = Buffer.from(name, 'utf8').toString('latin1');
  let sound = true;
  const key = bytes.replace(/%(..)?/gs, (_, digits: string | undefined) => {
    if (digits === undefined || !/^[0-9A-F]{2}$/.test(digits)) sound = false;
    return String.fromCharCode(Number.parseInt(digits ?? '0', 16));
  });
  return sound ? key : undefined;
}

/** Code points from U+0080 on that are escaped, [first, last]: fixed, whatever Unicode assigns later. */
const hiddenRanges: readonly (readonly [number, number])[] = [
  [0x80, 0xa0], // C1 controls, no-break space
  [0xad, 0xad], // soft hyphen
  [0x61c, 0x61c], // Arabic letter mark
  [0x115f, 0x1160], // Hangul fillers
  [0x1680, 0x1680], // Ogham space
  [0x180b, 0x180f], // Mongolian selectors
  [0x2000, 0x200f], // blanks, zero-width and direction marks
  [0x2028, 0x202f], // line and paragraph separators, direction embeddings
  [0x205f, 0x206f], // blanks and invisible operators
  [0x3000, 0x3000], // ideographic space
  [0x3164, 0x3164], // Hangul filler
  [0xe000, 0xf8ff], // private use
  [0xfdd0, 0xfdef], // noncharacters
  [0xfe00, 0xfe0f], // variation selectors
  [0xfeff, 0xfeff], // byte order mark
  [0xffa0, 0xffa0], // halfwidth Hangul filler
  [0xfff0, 0xffff], // specials
  [0x1d173, 0x1d17a], // musical controls
  [0xe0000, 0x1fffff], // tags, selectors, private planes, and what is no code point
];

/** Cuts a key at the slashes that stay: those after a character and before another one. */
function* segmentsOf(key: string): Generator<readonly [segment: string, closed: boolean]> {
  let from = 0;
  for (let at = 1; at < key.length - 1; at++) {
    if (key[at] !== '/' || at === from) continue;
    yield [key.slice(from, at), true];
    from = at + 1;
  }
  yield [key.slice(from), false];
}

function nameOfSegment(segment: string, first: boolean): string {
  if (segment === '.' || segment === '..') return segment.replaceAll('.', '%2E');
  const last = segment.length - 1;
  let name = '';
  for (let at = 0; at <= last; ) {
    const byte = segment.charCodeAt(at);
    const length = byte < 0x80 ? 1 : characterLength(segment, at);
    const kept =
      length === 1 ? isKeptAscii(byte, at === 0 || at === last) && !(first && at === 0 && byte === 0x2e) : length > 0;
    if (kept)
      name += length === 1 ? segment[at] : Buffer.from(segment.slice(at, at + length), 'latin1').toString('utf8');
    else name += escapeByte(byte);
    at += kept ? length : 1;
  }
  return name;
}

/** `edge`: the byte opens or closes its segment. Slashes that reach this are ones that must not separate. */
function isKeptAscii(byte: number, edge: boolean): boolean {
  if (byte === 0x20) return !edge;
  return byte > 0x20 && byte < 0x7f && byte !== 0x25 && byte !== 0x2f && byte !== 0x5c;
}

/** Length of the UTF-8 sequence of two to four bytes at `at`; 0 when it is invalid or its character is not kept. */
function characterLength(bytes: string, at: number): 0 | 2 | 3 | 4 {
  const lead = bytes.charCodeAt(at);
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || at + length > bytes.length) return 0;
  let codePoint = lead & (0xff >> (length + 1));
  for (let next = at + 1; next < at + length; next++) {
    const byte = bytes.charCodeAt(next);
    if ((byte & 0xc0) !== 0x80) return 0;
    codePoint = (codePoint << 6) | (byte & 0x3f);
  }
  const overlong = codePoint < (length === 4 ? 0x10000 : length === 3 ? 0x800 : 0x80);
  const surrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
  return overlong || surrogate || isHidden(codePoint) ? 0 : length;
}

function isHidden(codePoint: number): boolean {
  if ((codePoint & 0xfffe) === 0xfffe) return true; // the last two of every plane are noncharacters
  return hiddenRanges.some(([first, last]) => codePoint >= first && codePoint <= last);
}

function escapeByte(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
