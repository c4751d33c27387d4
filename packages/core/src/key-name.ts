/**
 * The name under which a key's object lies in the store. It exists so that users find their bytes with any S3 tool under
 * a name they can predict, while no two keys share a name and no tool on the way rewrites it. The rules are fixed for
 * ever: a name that changed with a release or a Unicode version would lose the object.
 *
 * A key is 0 … 512 bytes. Its name is, segment by segment:
 *
 *     plain key                      itself                                user:42   photos/2024/cat.jpg   prix/été
 *     byte that is not kept          %XX, upper-case hexadecimal           a%b → a%25b     FF → %FF
 *     '.' that opens the name        %2E                                   .sion/x → %2Esion/x
 *     segment '.' or '..'            its dots as %2E                       a/../b → a/%2E%2E/b
 *     '/' after an empty segment,    %2F                                   /a → %2Fa   a//b → a/%2Fb   a/ → a%2F
 *       or at the end
 *     ' ' at a segment's ends        %20                                   ' a b ' → %20a b%20
 *     form longer than 900 bytes     %~ and the key in base64url           no '=' at its end
 *     the empty key                  %~
 *
 * Kept as they are: printable ASCII other than '%' and '\', and characters in valid UTF-8 other than the
 * {@link hiddenRanges} below (controls, blanks, invisible and private ones). Everything else is escaped byte by byte.
 * So a name never starts with '.' or '/', has no empty, '.' or '..' segment, and is at most 900 bytes of UTF-8 (limit of
 * S3: 1024, prefix included). Names compare by bytes: a store must tell upper from lower case.
 *
 * {@link keyOfName} is the exact inverse; a name that no key has (put by others, such as `a%b` or `a//b`) gives
 * undefined and cannot be reached as a key.
 */

/** The longest key, in bytes. */
export const maxKeyBytes = 512;

/** The longest name, in bytes of UTF-8. */
export const maxNameBytes = 900;

/**
 * The name of a key, given as a latin-1 string, one character per byte. Throws `RangeError` when it is longer than
 * {@link maxKeyBytes} or holds a character above U+00FF: the front must have refused such a key before.
 */
export function nameOfKey(key: string): string {
  if (key.length > maxKeyBytes) throw new RangeError(`a key has at most ${maxKeyBytes} bytes, got ${key.length}`);
  if (plainKey.test(key)) return key;
  if (/[\u0100-\uffff]/.test(key)) throw new RangeError('a key has one character, up to U+00FF, per byte');
  if (key === '') return longMark;
  const segments: string[] = [];
  let nameBytes = 0;
  for (const [segment, closed] of segmentsOf(key)) {
    const name = nameOfSegment(segment, segments.length === 0) + (closed ? '/' : '');
    nameBytes += Buffer.byteLength(name);
    segments.push(name);
  }
  return nameBytes > maxNameBytes ? longMark + Buffer.from(key, 'latin1').toString('base64url') : segments.join('');
}

/** The key of a name as a latin-1 string; undefined when no key has that name. */
export function keyOfName(name: string): string | undefined {
  if (name.length > maxNameBytes) return undefined;
  if (plainKey.test(name) && name.length <= maxKeyBytes) return name;
  const key = name.startsWith(longMark)
    ? Buffer.from(name.slice(longMark.length), 'base64url').toString('latin1')
    : unescapeName(name);
  return key !== undefined && key.length <= maxKeyBytes && nameOfKey(key) === name ? key : undefined;
}

/** Opens the form for long keys; cannot occur in the percent form, where two hexadecimal digits follow each '%'. */
const longMark = '%~';

/** Keys that are their own names, told at once; others of that kind take the long way. */
const plainKey = /^[\w:@=-][\w:@=.-]*(?:\/[\w:@=-][\w:@=.-]*)*$/;

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

/** Undoes the percent form; undefined for a '%' without two hexadecimal digits or an unpaired surrogate. */
function unescapeName(name: string): string | undefined {
  if (!name.isWellFormed()) return undefined;
  const bytes = Buffer.from(name, 'utf8').toString('latin1');
  let sound = true;
  const key = bytes.replace(/%(..)?/gs, (_, digits: string | undefined) => {
    if (digits === undefined || !/^[0-9A-F]{2}$/.test(digits)) sound = false;
    return String.fromCharCode(Number.parseInt(digits ?? '0', 16));
  });
  return sound ? key : undefined;
}
