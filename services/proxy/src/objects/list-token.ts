/**
 * Where the next page of a listing begins, as text for clients: the last name that was gone past, and a checksum that ties
 * it to its listing. It holds all there is to know, so the proxy keeps nothing between pages, and a token outlives it.
 *
 *     token = base64url(UTF-8 of the name) "." CRC-32 of prefix, delimiter and name, 8 hexadecimal digits
 */
import { crc32 } from 'node:zlib';
import { SionError } from '@sion/wire';
import type { Key, ListRequest } from './objects.ts';

/** Longer than any: names have at most 900 bytes, and where a common prefix ends adds a character. */
const maxTokenLength = 1300;

type Listing = Pick<ListRequest, 'prefix' | 'delimiter'>;

export function writeListToken(listing: Listing, name: string): string {
  return `${Buffer.from(name, 'utf8').toString('base64url')}.${checksumOf(listing, name)}`;
}

/** The name; rejects with `invalid` what {@link writeListToken} has not given for this listing. */
export function readListToken(listing: Listing, token: string): string {
  if (token.length <= maxTokenLength) {
    const [digits = '', checksum] = token.split('.');
    const name = Buffer.from(digits, 'base64url').toString('utf8');
    if (checksumOf(listing, name) === checksum && writeListToken(listing, name) === token) return name;
  }
  const message = 'the place to go on from is not one that a page of this listing has given; begin without one';
  throw new SionError('invalid', message);
}

function checksumOf({ prefix, delimiter = '' }: Listing, name: string): string {
  const lengths: readonly Key[] = [String(prefix.length), prefix, String(delimiter.length), delimiter];
  const text = Buffer.concat([Buffer.from(lengths.join(' '), 'latin1'), Buffer.from(` ${name}`, 'utf8')]);
  return crc32(text).toString(16).padStart(8, '0');
}
