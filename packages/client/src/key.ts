/** Keys: bytes, written as text wherever they are text; and the path of an object over HTTP. */
import { SionError } from './errors.ts';

/** A key: text, which stands for its UTF-8, or bytes. At most 512 bytes unless the server is set otherwise. */
export type Key = string | Uint8Array;

/** The key's bytes. Refuses what is no key before anything is sent. */
export function keyBytes(key: Key): Buffer {
  if (typeof key === 'string') {
    if (!key.isWellFormed()) throw new SionError('invalid', 'The key has half a surrogate pair, which has no UTF-8.');
    return Buffer.from(key, 'utf8');
  }
  if (key instanceof Uint8Array) return Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  throw new SionError('invalid', `A key is a string or bytes, not ${key === null ? 'null' : typeof key}.`);
}

/** The key as a map's key: one character per byte. */
export function keyName(key: Key): string {
  return keyBytes(key).toString('latin1');
}

/** Where the object is over HTTP: every byte but the unreserved and `/` is escaped, so that nothing folds it. */
export function objectPath(key: Key): string {
  return `/v1/objects/${escapeBytes(keyBytes(key), /[^A-Za-z0-9\-._~/]/g)}`;
}

/** Bytes as the value of a query's parameter. */
export function queryValue(bytes: Key): string {
  return escapeBytes(keyBytes(bytes), /[^A-Za-z0-9\-._~]/g);
}

/** The key for people, in messages. */
export function shownKey(key: Key): string {
  const text = typeof key === 'string' ? key : Buffer.from(key).toString('utf8');
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

function escapeBytes(bytes: Buffer, reserved: RegExp): string {
  return bytes
    .toString('latin1')
    .replace(reserved, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
