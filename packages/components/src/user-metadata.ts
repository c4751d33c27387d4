/**
 * What users may keep beside an object's bytes under names of their own: the rules that the front refuses by, and the
 * form that header fields and S3 carry it in. Names are lower-case. A value is any text; printable ASCII without blanks at
 * its ends or in a row travels as it is, everything else, and what looks like such a word, as one encoded word of RFC 2047
 * (`=?UTF-8?B?<base64>?=`), which is what S3 gives back for it.
 */

/** Names and values together, as they travel. S3 takes 2048 bytes in all, of which SION's own metadata needs the rest. */
export const maxUserMetadataBytes = 1900;

/** True for lower-case characters of an HTTP token; what begins with `sion-` is SION's own. */
export function isUserMetadataName(name: string): boolean {
  return /^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name) && !name.startsWith('sion-') && name !== '__proto__';
}

/** A value as a header field carries it: printable ASCII. */
export function encodeUserMetadataValue(value: string): string {
  const isPlain = value === '' || (/^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(value) && !value.startsWith('=?'));
  return isPlain ? value : `=?UTF-8?B?${Buffer.from(value, 'utf8').toString('base64')}?=`;
}

/** Reads encoded words of UTF-8, in either of their forms; anything else is the value itself. */
export function decodeUserMetadataValue(field: string): string {
  const words = field.split(' ').filter((word) => word !== '');
  if (words.length === 0 || !words.every((word) => encodedWord.test(word))) return field;
  return Buffer.concat(words.map(decodeWord)).toString('utf8');
}

/** What it counts for against {@link maxUserMetadataBytes}. */
export function userMetadataBytes(user: Readonly<Record<string, string>>): number {
  return Object.entries(user).reduce(
    (sum, [name, value]) => sum + name.length + encodeUserMetadataValue(value).length,
    0,
  );
}

const encodedWord = /^=\?UTF-8\?(?:B\?([A-Za-z0-9+/]*={0,2})|Q\?([\x21-\x3e\x40-\x7e]*))\?=$/i;

function decodeWord(word: string): Buffer {
  const [, base64, quoted = ''] = encodedWord.exec(word) ?? [];
  if (base64 !== undefined) return Buffer.from(base64, 'base64');
  const bytes = quoted
    .replaceAll('_', ' ')
    .replace(/=([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  return Buffer.from(bytes, 'latin1');
}
