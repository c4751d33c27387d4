/**
 * User metadata in header fields: `Sion-Meta-<name>: value`, kept with the object and given back. As with S3, names are
 * lower-cased, a name that is sent twice has both values with a comma, and text beyond printable ASCII is an encoded word
 * of RFC 2047 on the way back; on the way in, bare UTF-8 is taken as well.
 */
import { isUtf8 } from 'node:buffer';
import {
  decodeUserMetadataValue,
  encodeUserMetadataValue,
  isUserMetadataName,
  maxUserMetadataBytes,
  userMetadataBytes,
} from '@sion/components';
import { SionError } from '@sion/wire';

/** What the header fields begin with. */
export const userMetadataPrefix = 'sion-meta-';

/** Reads what a PUT keeps beside the bytes; undefined when it names nothing. Refuses what could not be kept as it is. */
export function readUserMetadata(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Readonly<Record<string, string>> | undefined {
  const entries = Object.entries(headers)
    .filter(([field]) => field.startsWith(userMetadataPrefix))
    .map(([field, value]) => {
      const name = field.slice(userMetadataPrefix.length);
      assertName(name);
      return [name, readValue(name, Array.isArray(value) ? value.join(', ') : (value ?? ''))] as const;
    });
  if (entries.length === 0) return undefined;
  const user = Object.fromEntries(entries);
  const bytes = userMetadataBytes(user);
  if (bytes <= maxUserMetadataBytes) return user;
  throw new SionError(
    'invalid',
    `The Sion-Meta- headers have ${bytes} bytes, names and values together; at most ${maxUserMetadataBytes} are kept with an object. Keep less there, or put it into an object of its own.`,
  );
}

/** The header fields that give it back. */
export function userMetadataHeaders(
  user: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  if (user === undefined) return {};
  return Object.fromEntries(
    Object.entries(user)
      // What others have put may have names that no header field has.
      .filter(([name]) => isToken(name))
      .map(([name, value]) => [`${userMetadataPrefix}${name}`, encodeUserMetadataValue(value)]),
  );
}

function assertName(name: string): void {
  if (isUserMetadataName(name)) return;
  const remedy =
    'Use letters, digits, "-", "_" and "." (letters become lower-case); names that begin with "sion-" are SION’s own.';
  throw new SionError('invalid', `"${name.slice(0, 100)}" is no name for metadata. ${remedy}`);
}

/** Node gives header bytes as latin-1. */
function readValue(name: string, field: string): string {
  const bytes = Buffer.from(field.trim(), 'latin1');
  if (!isUtf8(bytes)) throw unreadable(name, 'has bytes that are not UTF-8');
  const text = decodeUserMetadataValue(bytes.toString('utf8'));
  if (text.includes('\ufffd')) throw unreadable(name, 'has an encoded word that is not UTF-8');
  return text;
}

function unreadable(name: string, problem: string): SionError {
  const remedy = 'Send printable ASCII, UTF-8, or UTF-8 as an encoded word: =?UTF-8?B?<base64>?=.';
  return new SionError('invalid', `Sion-Meta-${name} ${problem}. ${remedy}`);
}

function isToken(name: string): boolean {
  return /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name);
}
