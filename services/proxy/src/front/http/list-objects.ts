/**
 * The listing: one page of keys by prefix and delimiter as JSON. A key is bytes and JSON is text, so a key that is not
 * UTF-8 is given in base64 under another name; the path serves for every key. A page is made whole before it is sent: it
 * has at most 1000 entries of bounded size.
 *
 *     { "objects": [{ "key" | "keyBase64", "path", "sizeBytes", "etag", "version", "modified",
 *                     "expires"?, "contentType"?, "metadata"? }],
 *       "prefixes": [{ "prefix" | "prefixBase64", "path" }],
 *       "next"? }
 */
import { isUtf8 } from 'node:buffer';
import { SionError } from '@sion/wire';
import type { Key, KeyPage, ListedObject, ListRequest } from '../../objects/objects.ts';
import { answerJson } from './answer.ts';
import type { Exchange } from './exchange.ts';
import { refuseBody } from './get-object.ts';
import { formatIsoDate } from './http-date.ts';
import { writeObjectPath } from './object-key.ts';
import { readQuery } from './query.ts';
import { timingOf } from './server-timing.ts';

/** What a listing may be asked for by. */
export const listParameters = ['prefix', 'delimiter', 'after', 'limit'] as const;

/** Most entries of a page, and how many it has when the request says nothing. */
export const maxListLimit = 1000;

export async function listObjects(exchange: Exchange): Promise<void> {
  refuseBody(exchange);
  const { parts } = exchange;
  const page = await parts.objects.list(readListRequest(exchange.target, parts.limits.maxKeyBytes), exchange.bill);
  answerJson(exchange, 200, describePage(page), { 'server-timing': timingOf(exchange) });
}

function readListRequest(target: string, maxKeyBytes: number): ListRequest {
  const { prefix = '', delimiter = '', after = '', limit } = readQuery(target, listParameters);
  for (const [name, value] of Object.entries({ prefix, delimiter })) {
    if (value.length <= maxKeyBytes) continue;
    throw new SionError(
      'invalid',
      `The ${name} has ${value.length} bytes; keys have at most ${maxKeyBytes}. Shorten it.`,
    );
  }
  return {
    prefix,
    limit: readLimit(limit),
    ...(delimiter === '' ? {} : { delimiter }),
    ...(after === '' ? {} : { after }),
  };
}

function readLimit(text: string | undefined): number {
  if (text === undefined) return maxListLimit;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= maxListLimit) return limit;
  throw new SionError('invalid', `limit=${text.slice(0, 60)} is not a whole number from 1 to ${maxListLimit}.`);
}

function describePage(page: KeyPage): Readonly<Record<string, unknown>> {
  return {
    objects: page.objects.map(describeObject),
    prefixes: page.commonPrefixes.map((prefix) => ({ ...named('prefix', prefix), path: writeObjectPath(prefix) })),
    ...(page.next === undefined ? {} : { next: page.next }),
  };
}

function describeObject({ key, info }: ListedObject): Readonly<Record<string, unknown>> {
  return {
    ...named('key', key),
    path: writeObjectPath(key),
    sizeBytes: info.sizeBytes,
    etag: info.etag,
    version: info.version,
    modified: formatIsoDate(info.modifiedMs),
    ...(info.expiresAtMs === undefined ? {} : { expires: formatIsoDate(info.expiresAtMs) }),
    ...(info.contentType === undefined ? {} : { contentType: info.contentType }),
    ...(info.user === undefined ? {} : { metadata: info.user }),
  };
}

function named(field: 'key' | 'prefix', key: Key): Readonly<Record<string, string>> {
  const bytes = Buffer.from(key, 'latin1');
  return isUtf8(bytes) ? { [field]: bytes.toString('utf8') } : { [`${field}Base64`]: bytes.toString('base64') };
}
