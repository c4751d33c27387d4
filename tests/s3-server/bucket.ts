/**
 * The objects and unfinished uploads of one bucket, in memory, with S3's conditions. Each change happens within one call,
 * so that of two that exclude each other one wins.
 */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { noSuchKey, preconditionFailed, S3Error } from './s3-error.ts';

/** A condition that this server may be told to ignore, as some servers do. */
export type S3Lack = 'create' | 'replace' | 'copy' | 'complete' | 'delete';

export interface BucketLimits {
  /** Of every part but the last. */
  readonly minPartBytes: number;
  /** Of one CopyObject. */
  readonly maxCopyBytes: number;
}

export interface HeldObject {
  readonly bytes: Buffer;
  /** Without quotes. */
  readonly etag: string;
  readonly modifiedMs: number;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
}

interface HeldUpload {
  readonly key: string;
  readonly begunMs: number;
  readonly about: Pick<HeldObject, 'contentType' | 'metadata'>;
  readonly parts: Map<number, { readonly bytes: Buffer; readonly etag: string }>;
}

export class Bucket {
  readonly objects = new Map<string, HeldObject>();
  readonly uploads = new Map<string, HeldUpload>();
  readonly #lacks: ReadonlySet<S3Lack>;
  readonly limits: BucketLimits;
  #uploadCount = 0;

  constructor(lacks: ReadonlySet<S3Lack>, limits: BucketLimits) {
    this.#lacks = lacks;
    this.limits = limits;
  }

  read(key: string, headers: IncomingHttpHeaders): HeldObject {
    const object = this.objects.get(key);
    if (object === undefined) throw noSuchKey();
    const match = headers['if-match'];
    if (match !== undefined && unquoted(match) !== object.etag) throw preconditionFailed();
    return object;
  }

  put(key: string, bytes: Buffer, headers: IncomingHttpHeaders, how: 'put' | 'copy' | 'complete' = 'put'): HeldObject {
    this.#assertCondition(key, headers, how);
    return this.#place(key, bytes, md5(bytes).toString('hex'), aboutOf(headers));
  }

  delete(key: string, headers: IncomingHttpHeaders): void {
    const match = headers['if-match'];
    if (match !== undefined && !this.#lacks.has('delete')) this.read(key, headers);
    this.objects.delete(key);
  }

  /** What a copy takes: the source object, under its own conditions. */
  source(key: string, headers: IncomingHttpHeaders): HeldObject {
    const match = headers['x-amz-copy-source-if-match'];
    return this.read(key, match === undefined ? {} : { 'if-match': String(match) });
  }

  copy(source: HeldObject, key: string, headers: IncomingHttpHeaders): HeldObject {
    if (source.bytes.length > this.limits.maxCopyBytes) {
      const message = `The specified copy source is larger than the maximum allowable size: ${this.limits.maxCopyBytes}`;
      throw new S3Error(400, 'InvalidRequest', message);
    }
    this.#assertCondition(key, headers, 'copy');
    const replaces = headers['x-amz-metadata-directive'] === 'REPLACE';
    return this.#place(key, source.bytes, md5(source.bytes).toString('hex'), replaces ? aboutOf(headers) : source);
  }

  beginUpload(key: string, headers: IncomingHttpHeaders): string {
    this.#uploadCount += 1;
    const id = `upload-${this.#uploadCount}`;
    this.uploads.set(id, { key, begunMs: Date.now(), about: aboutOf(headers), parts: new Map() });
    return id;
  }

  putPart(key: string, uploadId: string, number: number, bytes: Buffer): string {
    const etag = md5(bytes).toString('hex');
    this.#upload(key, uploadId).parts.set(number, { bytes, etag });
    return etag;
  }

  completeUpload(
    key: string,
    uploadId: string,
    listed: readonly { readonly number: number; readonly etag: string }[],
    headers: IncomingHttpHeaders,
  ): HeldObject {
    const upload = this.#upload(key, uploadId);
    const parts = listed.map(({ number, etag }, place) => {
      const part = upload.parts.get(number);
      if (part === undefined || part.etag !== etag) throw new S3Error(400, 'InvalidPart');
      if (place > 0 && number <= (listed[place - 1]?.number ?? 0)) throw new S3Error(400, 'InvalidPartOrder');
      const isLast = place === listed.length - 1;
      if (!isLast && part.bytes.length < this.limits.minPartBytes) throw new S3Error(400, 'EntityTooSmall');
      return part;
    });
    if (parts.length === 0) throw new S3Error(400, 'MalformedXML');
    this.#assertCondition(key, headers, 'complete');
    this.uploads.delete(uploadId);
    const etag = `${md5(...parts.map((part) => Buffer.from(part.etag, 'hex'))).toString('hex')}-${parts.length}`;
    return this.#place(key, Buffer.concat(parts.map((part) => part.bytes)), etag, upload.about);
  }

  abortUpload(key: string, uploadId: string): void {
    this.#upload(key, uploadId);
    this.uploads.delete(uploadId);
  }

  /** Keys with the prefix after `after`, in the order of their bytes. */
  keys(prefix: string, after: string): readonly string[] {
    return [...this.objects.keys()]
      .filter((key) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0)
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  #upload(key: string, uploadId: string): HeldUpload {
    const upload = this.uploads.get(uploadId);
    if (upload === undefined || upload.key !== key) throw new S3Error(404, 'NoSuchUpload');
    return upload;
  }

  #assertCondition(key: string, headers: IncomingHttpHeaders, how: 'put' | 'copy' | 'complete'): void {
    const present = this.objects.get(key);
    const isIgnored = (lack: S3Lack) => this.#lacks.has(how === 'put' ? lack : how);
    if (headers['if-none-match'] === '*' && !isIgnored('create') && present !== undefined) throw preconditionFailed();
    const match = headers['if-match'];
    if (match === undefined || isIgnored('replace')) return;
    if (present === undefined) throw noSuchKey();
    if (present.etag !== unquoted(match)) throw preconditionFailed();
  }

  #place(key: string, bytes: Buffer, etag: string, about: Pick<HeldObject, 'contentType' | 'metadata'>): HeldObject {
    const { contentType, metadata } = about;
    const object = { bytes, etag, modifiedMs: Date.now(), contentType, metadata };
    this.objects.set(key, object);
    return object;
  }
}

function aboutOf(headers: IncomingHttpHeaders): Pick<HeldObject, 'contentType' | 'metadata'> {
  const metadata = Object.entries(headers).flatMap(([name, value]) =>
    name.startsWith('x-amz-meta-') ? [[name.slice('x-amz-meta-'.length), String(value)] as const] : [],
  );
  const bytes = metadata.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (bytes > 2048) throw new S3Error(400, 'MetadataTooLarge');
  return { contentType: headers['content-type'] ?? 'binary/octet-stream', metadata: Object.fromEntries(metadata) };
}

function md5(...pieces: readonly Uint8Array[]): Buffer {
  const hash = createHash('md5');
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
}

function unquoted(etag: string): string {
  return etag.replace(/^"(.*)"$/, '$1');
}
