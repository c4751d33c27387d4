/** What is known of an object beside its bytes, as the headers of an answer and the entries of a listing say it. */
import type { IncomingHttpHeaders } from 'node:http';
import { dateOf } from './system.ts';

/** An object without its bytes. */
export interface ObjectInfo {
  readonly sizeBytes: number;
  /** Names this version; for `ifMatch`. Opaque. */
  readonly etag: string;
  /** Ascending per key. Opaque. */
  readonly version: string;
  readonly modified: Date;
  /** Seconds left, rounded up; `Infinity` when it never expires. */
  readonly ttl: number;
  readonly contentType: string;
  /** The user's own, names in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What a write over HTTP tells. */
export interface StoredObject {
  /** True when there was no object of that key. */
  readonly created: boolean;
  /** Absent when another write followed so closely that nobody could ever have seen this one. */
  readonly etag: string | undefined;
  readonly version: string | undefined;
}

const metaPrefix = 'sion-meta-';

/** From the headers of a GET or HEAD. `sizeBytes` is the whole object's, also when a range was asked for. */
export function infoOfHeaders(headers: IncomingHttpHeaders): ObjectInfo {
  const total = /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1] ?? headers['content-length'];
  const ttl = textOf(headers, 'sion-ttl');
  return {
    sizeBytes: Number(total ?? 0),
    etag: headers.etag ?? '',
    version: textOf(headers, 'sion-version') ?? '',
    modified: dateOf(headers['last-modified'] ?? 0),
    ttl: ttl === undefined ? Number.POSITIVE_INFINITY : Number(ttl),
    contentType: headers['content-type'] ?? 'application/octet-stream',
    metadata: readMetadata(headers),
  };
}

export function storedOfHeaders(status: number, headers: IncomingHttpHeaders): StoredObject {
  return { created: status === 201, etag: headers.etag, version: textOf(headers, 'sion-version') };
}

/** User metadata as headers. */
export function metadataHeaders(metadata: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [`${metaPrefix}${name}`, value]));
}

function readMetadata(headers: IncomingHttpHeaders): Record<string, string> {
  const found = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith(metaPrefix) && typeof value === 'string' ? [[name.slice(metaPrefix.length), value]] : [],
  );
  return Object.fromEntries(found);
}

function textOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
