/**
 * Redis's glob patterns, for CONFIG GET and whatever lists keys: the language of Redis's `stringmatchlen`, odd corners
 * included, but without its exponential time. Pattern and text are latin-1 strings, one character per byte.
 *
 *     *        any bytes, none too
 *     ?        one byte
 *     [a-cx]   one byte of the set; a range may be written backwards; a set that is not closed ends with the pattern
 *     [^a-c]   one byte outside the set; []…: the set is closed at once, so [] matches nothing and [^] anything
 *     \x       x itself, inside a set as well; at the pattern's end a backslash is itself
 *
 * Every part but `*` takes exactly one byte, so after a mismatch it is enough to let the last `*` take one byte more:
 * time is at most pattern × text, memory that of the pattern.
 */

/** Tells whether a text matches. */
export type Glob = (text: string) => boolean;

/** Reads a pattern, to be applied to many texts. With `ignoreCase`, ASCII letters match either way. */
export function compileGlob(pattern: string, ignoreCase = false): Glob {
  const parts = partsOf(ignoreCase ? lowerAscii(pattern) : pattern);
  return (text) => matchParts(parts, ignoreCase ? lowerAscii(text) : text);
}

/** Applies a pattern to one text. */
export function matchesGlob(pattern: string, text: string, ignoreCase = false): boolean {
  return compileGlob(pattern, ignoreCase)(text);
}

/** What every text that matches begins with; `exact` when it must be that and nothing more. */
export interface GlobPrefix {
  readonly text: string;
  readonly exact: boolean;
}

/** The literal beginning of a pattern, so that whoever lists texts need not look at the others. */
export function globPrefix(pattern: string): GlobPrefix {
  let text = '';
  for (let at = 0; at < pattern.length; at++) {
    if (pattern[at] === '*' || pattern[at] === '?' || pattern[at] === '[') return { text, exact: false };
    if (pattern[at] === '\\' && at + 1 < pattern.length) at++;
    text += pattern[at];
  }
  return { text, exact: true };
}

interface ByteRange {
  readonly first: number;
  readonly last: number;
}

type Part =
  | { readonly kind: 'star' }
  | { readonly kind: 'set'; readonly negated: boolean; readonly ranges: readonly ByteRange[] };

const anyByte: Part = { kind: 'set', negated: true, ranges: [] };

function matchParts(parts: readonly Part[], text: string): boolean {
  let part = 0;
  let at = 0;
  let starPart = -1;
  let starAt = 0;
  while (at < text.length) {
    const wanted = parts[part];
    if (wanted?.kind === 'star') {
      starPart = part++;
      starAt = at;
    } else if (wanted !== undefined && isInSet(wanted, text.charCodeAt(at))) {
      part++;
      at++;
    } else if (starPart >= 0) {
      part = starPart + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  while (parts[part]?.kind === 'star') part++;
  return part === parts.length;
}

function isInSet(set: Part & { readonly kind: 'set' }, byte: number): boolean {
  return set.ranges.some(({ first, last }) => byte >= first && byte <= last) !== set.negated;
}

function partsOf(pattern: string): readonly Part[] {
  const parts: Part[] = [];
  for (let at = 0; at < pattern.length; ) {
    const character = pattern[at];
    if (character === '*') {
      if (parts.at(-1)?.kind !== 'star') parts.push({ kind: 'star' });
      at++;
    } else if (character === '?') {
      parts.push(anyByte);
      at++;
    } else if (character === '[') {
      const { set, end } = readSet(pattern, at + 1);
      parts.push(set);
      at = end;
    } else {
      if (character === '\\' && at + 1 < pattern.length) at++;
      parts.push({ kind: 'set', negated: false, ranges: [single(pattern, at)] });
      at++;
    }
  }
  return parts;
}

/** Reads a set from behind its '['; `end` is behind its ']'. */
function readSet(pattern: string, from: number): { readonly set: Part; readonly end: number } {
  const negated = pattern[from] === '^';
  const ranges: ByteRange[] = [];
  let at = negated ? from + 1 : from;
  while (at < pattern.length && pattern[at] !== ']') {
    if (pattern[at] === '\\' && at + 1 < pattern.length) {
      ranges.push(single(pattern, at + 1));
      at += 2;
    } else if (pattern[at + 1] === '-' && at + 2 < pattern.length) {
      const ends = [pattern.charCodeAt(at), pattern.charCodeAt(at + 2)];
      ranges.push({ first: Math.min(...ends), last: Math.max(...ends) });
      at += 3;
    } else {
      ranges.push(single(pattern, at));
      at++;
    }
  }
  return { set: { kind: 'set', negated, ranges }, end: at + 1 };
}

function single(pattern: string, at: number): ByteRange {
  return { first: pattern.charCodeAt(at), last: pattern.charCodeAt(at) };
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
