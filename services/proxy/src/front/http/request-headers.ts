/**
 * Request headers of the object routes, read and bounded. Every header that SION does not know under `Sion-` is refused:
 * a misspelt `Sion-Ttl` would otherwise keep an object for ever.
 */
import { SionError } from '@sion/wire';
import { isDurability } from '../../objects/durability.ts';
import type { Durability } from '../../objects/objects.ts';
import { RefusedRequest } from './refusal.ts';
import { readUserMetadata, userMetadataPrefix } from './user-metadata.ts';

/** Header fields by lower-case name, as Node gives them. */
export type HeaderFields = Readonly<Record<string, string | string[] | undefined>>;

/** What a PUT says about the object beside its bytes. */
export interface PutHeaders {
  /** Milliseconds to live; absent = for ever. */
  readonly ttlMs?: number;
  readonly durability: Durability | undefined;
  /** Undefined = not said. */
  readonly place: boolean | undefined;
  readonly contentType?: string;
  readonly user?: Readonly<Record<string, string>>;
  /** Absent when the body is chunked. */
  readonly sizeBytes?: number;
}

/** Longest time to live, in seconds: about 317 years. */
const maxTtlSeconds = 9_999_999_999;

/** Longest `Content-Type`, in characters. */
const maxContentTypeCharacters = 256;

/** Which headers under `Sion-` mean something, by method; none on those that are not here. */
export const knownHeaders: Readonly<Record<string, readonly string[]>> = {
  PUT: ['Sion-Ttl', 'Sion-Durability', 'Sion-No-Place', 'Sion-Meta-<name>'],
  PATCH: ['Sion-Ttl', 'Sion-Durability'],
  DELETE: ['Sion-Durability'],
};

/** Refuses headers under `Sion-` that would change nothing here. */
export function assertKnownHeaders(method: string, headers: HeaderFields): void {
  for (const name of Object.keys(headers)) {
    if (!name.startsWith('sion-') || name === 'sion-request-id') continue;
    const known = knownHeaders[method] ?? [];
    const field = name.startsWith(userMetadataPrefix) ? 'sion-meta-<name>' : name;
    if (known.some((one) => one.toLowerCase() === field)) continue;
    const others = Object.keys(knownHeaders).filter((other) =>
      knownHeaders[other]?.some((one) => one.toLowerCase() === field),
    );
    const remedy =
      others.length > 0
        ? `It belongs to ${others.join(' and ')} of an object.`
        : known.length > 0
          ? `Known are ${known.join(', ')}.`
          : 'Leave it out.';
    throw new SionError('invalid', `The header ${name} is unknown for ${method}. ${remedy}`);
  }
}

/** True when the request carries a body, however long. */
export function hasBody(headers: HeaderFields): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

export function readPutHeaders(headers: HeaderFields, maxObjectBytes: number): PutHeaders {
  const ttlMs = readTtl(headers) ?? 'none';
  const contentType = readContentType(headers);
  const user = readUserMetadata(headers);
  const sizeBytes = readSize(headers, maxObjectBytes);
  refuseEncodings(headers);
  return {
    durability: readDurability(headers),
    place: readPlace(headers),
    ...(ttlMs === 'none' ? {} : { ttlMs }),
    ...(user === undefined ? {} : { user }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
  };
}

/** The refusal of a body that is, or turns out to be, longer than allowed. */
export function tooLarge(maxObjectBytes: number): RefusedRequest {
  const message = `The object is larger than ${maxObjectBytes} bytes, the limit of SION_MAX_HTTP_OBJECT_BYTES. Split it, or raise the limit.`;
  return new RefusedRequest({ status: 413, code: 'too-large', message });
}

/** Milliseconds to live from `Sion-Ttl`; `none` = for ever. */
export function readTtl(headers: HeaderFields): number | 'none' | undefined {
  const text = textOf(headers, 'sion-ttl');
  if (text === undefined) return undefined;
  if (text.toLowerCase() === 'none') return 'none';
  const seconds = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > maxTtlSeconds) {
    throw new SionError(
      'invalid',
      `Sion-Ttl: ${shown(text)} is not a whole number of seconds from 1 to ${maxTtlSeconds}, nor none.`,
    );
  }
  return seconds * 1000;
}

/** The durability that a write asks for; undefined = the proxy's own. */
export function readDurability(headers: HeaderFields): Durability | undefined {
  const text = textOf(headers, 'sion-durability')?.toLowerCase();
  if (text === undefined || isDurability(text)) return text;
  if (text === '') {
    throw new SionError('invalid', 'Sion-Durability is empty. Use store, journal or memory, or leave it out.');
  }
  throw new SionError('invalid', `Sion-Durability: ${shown(text)} is unknown. Use store, journal or memory.`);
}

function readPlace(headers: HeaderFields): boolean | undefined {
  const text = textOf(headers, 'sion-no-place')?.toLowerCase();
  if (text === undefined) return undefined;
  if (text === '0' || text === 'false') return true;
  if (text === '1' || text === 'true') return false;
  throw new SionError('invalid', `Sion-No-Place: ${shown(text)} is not a switch. Send 1 or 0.`);
}

function readContentType(headers: HeaderFields): string | undefined {
  const text = textOf(headers, 'content-type');
  if (text === undefined || text === '') return undefined;
  if (text.length > maxContentTypeCharacters || !/^[\x20-\x7e]+$/.test(text)) {
    throw new SionError(
      'invalid',
      `Content-Type has ${text.length} characters; at most ${maxContentTypeCharacters}, printable ASCII only, are kept with an object.`,
    );
  }
  return text;
}

function readSize(headers: HeaderFields, maxObjectBytes: number): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined;
  const sizeBytes = Number(textOf(headers, 'content-length') ?? 0);
  if (!(sizeBytes <= maxObjectBytes)) throw tooLarge(maxObjectBytes);
  return sizeBytes;
}

/** A PUT replaces the whole object by the bytes as they are; what would mean otherwise is refused, not ignored. */
function refuseEncodings(headers: HeaderFields): void {
  if (headers['content-range'] !== undefined) {
    throw new SionError(
      'invalid',
      'Content-Range is not allowed: a PUT replaces the whole object. Leave the header out.',
    );
  }
  const encoding = textOf(headers, 'content-encoding')?.toLowerCase();
  if (encoding !== undefined && encoding !== 'identity') {
    throw new RefusedRequest({
      status: 415,
      code: 'unsupported-media',
      message: `Content-Encoding: ${shown(encoding)} would not be kept. Leave the header out; the bytes are stored as they are.`,
    });
  }
  const transfer = textOf(headers, 'transfer-encoding')?.toLowerCase();
  if (transfer !== undefined && transfer !== 'chunked') {
    const message = `Transfer-Encoding: ${shown(transfer)} is not offered; only chunked is.`;
    throw new RefusedRequest({ status: 501, code: 'unsupported', message });
  }
}

function textOf(headers: HeaderFields, name: string): string | undefined {
  const value = headers[name];
  return (Array.isArray(value) ? value.join(', ') : value)?.trim();
}

function shown(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
