/** Listings over HTTP, page by page: by prefix, and by delimiter as folders are listed. */
import type { CallLimits } from './call-limits.ts';
import type { CallOptions } from './call-options.ts';
import { SionError } from './errors.ts';
import type { HttpChannel } from './http-channel.ts';
import { errorOfAnswer } from './http-errors.ts';
import { type Key, queryValue } from './key.ts';
import { dateOf } from './system.ts';

/** Which keys, and how many at a time. */
export interface ListOptions extends CallOptions {
  /** Keys that begin so. */
  readonly prefix?: Key | undefined;
  /** Keys that have it behind the prefix are told as one prefix, not singly. */
  readonly delimiter?: string | undefined;
  /** Entries per request, from 1 to 1000: 1000. */
  readonly pageSize?: number | undefined;
}

/** An object in a listing. */
export interface ListedObject {
  readonly kind: 'object';
  /** Text; U+FFFD stands where the key is no UTF-8. */
  readonly key: string;
  readonly keyBytes: Buffer;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly version: string;
  readonly modified: Date;
  /** Undefined = never. */
  readonly expires: Date | undefined;
  readonly contentType: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What several keys have in common up to the delimiter. */
export interface ListedPrefix {
  readonly kind: 'prefix';
  readonly prefix: string;
  readonly prefixBytes: Buffer;
}

export interface ListPage {
  readonly entries: readonly (ListedObject | ListedPrefix)[];
  /** Where the next page begins; undefined at the end. */
  readonly next: string | undefined;
}

/** One page. */
export async function fetchPage(
  http: HttpChannel,
  limits: CallLimits,
  options: ListOptions,
  after: string | undefined,
): Promise<ListPage> {
  const { prefix, delimiter, pageSize } = options;
  const query = [
    ...(prefix === undefined ? [] : [`prefix=${queryValue(prefix)}`]),
    ...(delimiter === undefined ? [] : [`delimiter=${queryValue(delimiter)}`]),
    ...(pageSize === undefined ? [] : [`limit=${pageSize}`]),
    ...(after === undefined ? [] : [`after=${queryValue(after)}`]),
  ];
  const path = `/v1/objects${query.length === 0 ? '' : `?${query.join('&')}`}`;
  const answer = await http.send(limits, { method: 'GET', path });
  if (answer.statusCode !== 200) throw await errorOfAnswer(answer, false);
  const pieces: Buffer[] = [];
  try {
    for await (const piece of answer) pieces.push(piece);
    return readPage(JSON.parse(Buffer.concat(pieces).toString('utf8')));
  } catch (cause) {
    throw new SionError('unavailable', 'The listing was cut short, or is none', { cause });
  }
}

type Fields = Readonly<Record<string, unknown>>;

function readPage(page: unknown): ListPage {
  const { objects, prefixes, next } = fieldsOf(page);
  const found = [
    ...listOf(objects).map((entry) => readObject(fieldsOf(entry))),
    ...listOf(prefixes).map((entry) => readPrefix(fieldsOf(entry))),
  ];
  // In the order of their bytes, as one listing.
  found.sort((a, b) => Buffer.compare(placeOf(a), placeOf(b)));
  return { entries: found, next: typeof next === 'string' ? next : undefined };
}

function placeOf(entry: ListedObject | ListedPrefix): Buffer {
  return entry.kind === 'object' ? entry.keyBytes : entry.prefixBytes;
}

function readObject(entry: Fields): ListedObject {
  const { expires, contentType, metadata } = entry;
  const keyBytes = bytesOf(entry, 'key');
  return {
    ...{ kind: 'object', key: keyBytes.toString('utf8'), keyBytes },
    sizeBytes: Number(entry['sizeBytes']),
    etag: String(entry['etag']),
    version: String(entry['version']),
    modified: dateOf(String(entry['modified'])),
    expires: typeof expires === 'string' ? dateOf(expires) : undefined,
    contentType: typeof contentType === 'string' ? contentType : undefined,
    metadata: Object.fromEntries(
      Object.entries(fieldsOf(metadata ?? {})).map(([name, value]) => [name, String(value)]),
    ),
  };
}

function readPrefix(entry: Fields): ListedPrefix {
  const prefixBytes = bytesOf(entry, 'prefix');
  return { kind: 'prefix', prefix: prefixBytes.toString('utf8'), prefixBytes };
}

/** `key` is text, or else `keyBase64` has its bytes. */
function bytesOf(entry: Fields, name: string): Buffer {
  const text = entry[name];
  return typeof text === 'string' ? Buffer.from(text, 'utf8') : Buffer.from(String(entry[`${name}Base64`]), 'base64');
}

function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null) throw new TypeError('an object was expected');
  return { ...value };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
