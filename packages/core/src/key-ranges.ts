/**
 * Which names in the store the keys with a given beginning have. It exists because a listing goes by names, and the name
 * of a key's beginning is not always a beginning of the key's name: how a last '/', '.' or blank, or half a character, is
 * written depends on what follows it, and a key whose name would be too long has one of another form. So the names are a
 * few ranges. Each may hold names of other keys, and names that no key has: whoever lists looks at the key.
 */
import { maxKeyBytes, maxNameBytes } from './key-name.ts';
import { longMark, percentForm } from './percent-form.ts';

/** Names that begin with `prefix`, are greater than `after` where that is given, and not greater than `last`. */
export interface NameRange {
  readonly prefix: string;
  readonly after?: string;
  readonly last: string;
}

/** Greater than all that follows the same beginning in a key's name; an S3 server takes it as a place to go on from. */
const beyond = '\u{10ffff}';

/**
 * The ranges, in ascending order and apart from one another, whose names include those of all keys that begin with
 * `keyPrefix` (latin-1, one character per byte). A prefix that is longer than any key has none.
 */
export function nameRanges(keyPrefix: string): readonly NameRange[] {
  if (keyPrefix.length > maxKeyBytes) return [];
  if (keyPrefix === '') return [startingWith('')];
  // What is special of a byte shows by its neighbours: a plain one, a slash, the end. '.' alone can also become '..'.
  const ranges: NameRange[] = [
    only(percentForm(keyPrefix)),
    only(percentForm(`${keyPrefix}.`)),
    ...['x', '/x', './x'].map((next) => startingWith(percentForm(keyPrefix + next).slice(0, -1))),
  ];
  const cut = cutCharacterRange(keyPrefix);
  if (cut !== undefined) ranges.push(cut);
  if (percentForm(keyPrefix).length + 3 * (maxKeyBytes - keyPrefix.length) + 12 > maxNameBytes) {
    ranges.push(startingWith(longBeginning(keyPrefix)));
  }
  return apart(ranges);
}

/** Where the ranges of {@link nameRanges} have this name; undefined when it is in none of them. */
export function rangeOfName(ranges: readonly NameRange[], name: string): number | undefined {
  const at = ranges.findIndex((range) => isInRange(range, name));
  return at < 0 ? undefined : at;
}

/** Compares names by their UTF-8 bytes, the order in which stores list them. */
export function compareNames(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at++) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left !== right) return rankOfUnit(left) - rankOfUnit(right);
  }
  return a.length - b.length;
}

/** Halves of characters above U+FFFF sort behind all others. */
function rankOfUnit(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x1_0000 : unit;
}

function startingWith(prefix: string): NameRange {
  return { prefix, last: prefix + beyond };
}

function only(name: string): NameRange {
  return { prefix: name, last: name };
}

/** All of base64url that the prefix decides: six bits a digit. */
function longBeginning(keyPrefix: string): string {
  const digits = Buffer.from(keyPrefix, 'latin1').toString('base64url');
  return longMark + digits.slice(0, Math.floor((keyPrefix.length * 8) / 6));
}

/** Names in which the bytes at the prefix's end are completed to a character; undefined when they cannot be. */
function cutCharacterRange(keyPrefix: string): NameRange | undefined {
  for (let cutBytes = 1; cutBytes <= Math.min(3, keyPrefix.length); cutBytes++) {
    const cut = keyPrefix.slice(-cutBytes);
    const lead = cut.charCodeAt(0);
    const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || length <= cutBytes || !/^.[\x80-\xbf]*$/s.test(cut)) continue;
    let bits = lead & (0xff >> (length + 1));
    for (let at = 1; at < cutBytes; at++) bits = (bits << 6) | (cut.charCodeAt(at) & 0x3f);
    const open = 6 * (length - cutBytes);
    const first = Math.max(bits << open, length === 4 ? 0x1_0000 : length === 3 ? 0x800 : 0x80);
    const end = Math.min(((bits + 1) << open) - 1, 0x10_ffff);
    // Of the surrogates, which stand between, none is a character.
    const [from, to] = [isSurrogate(first) ? 0xe000 : first, isSurrogate(end) ? 0xd7ff : end];
    if (from > to) return undefined;
    const prefix = percentForm(`${keyPrefix.slice(0, -cutBytes)}x`).slice(0, -1);
    const before = from === 0xe000 ? 0xd7ff : from - 1;
    const after = prefix + String.fromCodePoint(before) + beyond;
    return { prefix, after, last: prefix + String.fromCodePoint(to) + beyond };
  }
  return undefined;
}

function isSurrogate(codePoint: number): boolean {
  return codePoint >= 0xd800 && codePoint <= 0xdfff;
}

/** Leaves out ranges within others. Two that overlap are always one within the other. */
function apart(ranges: readonly NameRange[]): readonly NameRange[] {
  const sorted = [...ranges].sort((a, b) => compareNames(a.after ?? a.prefix, b.after ?? b.prefix));
  const kept = sorted.filter(
    (range, at) =>
      !sorted.some((other, place) => place !== at && isWithin(range, other) && !(isWithin(other, range) && at < place)),
  );
  return kept;
}

function isWithin(range: NameRange, other: NameRange): boolean {
  return (
    range.prefix.startsWith(other.prefix) &&
    compareNames(range.last, other.last) <= 0 &&
    (other.after === undefined || compareNames(range.after ?? range.prefix, other.after) >= 0)
  );
}

function isInRange(range: NameRange, name: string): boolean {
  return (
    name.startsWith(range.prefix) &&
    (range.after === undefined || compareNames(name, range.after) > 0) &&
    compareNames(name, range.last) <= 0
  );
}
