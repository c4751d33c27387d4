/**
 * Object keys in request targets. A key is every byte after the prefix, percent-decoded; the router never sees it, since
 * routers decode to text, fold slashes and cut at dots, and a key is bytes. A raw `/` and `%2F` mean the same byte. The
 * empty key is a key.
 *
 *     target = prefix *( unreserved | "/" | other byte except "?" and "#" | "%" 2HEXDIG )
 */
import { SionError } from '@sion/wire';
import type { Key } from '../../objects/objects.ts';
import { objectsPrefix } from './resources.ts';

/** True when a request target names an object below `prefix` (which ends with a slash). */
export function isBelow(prefix: string, target: string): boolean {
  return target.startsWith(prefix);
}

/** Reads the key from a request target below `prefix`; what is not a key is refused as `invalid`. */
export function readKey(prefix: string, target: string, maxKeyBytes: number): Key {
  const key = decodePercent(target.slice(prefix.length));
  if (key.length > maxKeyBytes) {
    throw new SionError(
      'invalid',
      `The key has ${key.length} bytes; at most ${maxKeyBytes} are allowed. Use a shorter key, for instance a hash of this one.`,
    );
  }
  return key;
}

/**
 * The path of an object, percent-encoded. Slashes stay, for people, unless the key has parts that clients would resolve
 * (`.`, `..`, with slashes beside them) before they send.
 */
export function writeObjectPath(key: Key): string {
  const hasDotParts = /(?:^|\/)\.{1,2}(?:\/|$)/.test(key);
  const encoded = key.replace(/[^A-Za-z0-9\-._~/]/g, percentOf);
  return objectsPrefix + (hasDotParts ? encoded.replaceAll('/', '%2F') : encoded);
}

function percentOf(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

function decodePercent(encoded: string): Key {
  const reserved = /[?#]/.exec(encoded);
  if (reserved !== null) {
    const [mark] = reserved;
    const code = mark === '?' ? '%3F' : '%23';
    throw new SionError(
      'invalid',
      `The target has a raw "${mark}" at character ${reserved.index + 1} of the key, and objects take no query. Write it as ${code} if it belongs to the key.`,
    );
  }
  if (!encoded.includes('%')) return encoded;
  const broken = /%(?![0-9A-Fa-f]{2})/.exec(encoded);
  if (broken !== null) {
    const sequence = encoded.slice(broken.index, broken.index + 3);
    throw new SionError(
      'invalid',
      `The key has "${sequence}" at character ${broken.index + 1}; "%" must be followed by two hexadecimal digits. Write a literal "%" as %25.`,
    );
  }
  return encoded.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
