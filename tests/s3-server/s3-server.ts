/**
 * A small S3 server for tests: the operations that SION uses, over plain HTTP, path-style, in memory. Signatures are
 * read, not verified. What can go wrong on the way is put in by a hook per request. The same conformance suite runs
 * against it and against a real server (tests/conformance/store), which keeps it honest.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Bucket, type BucketLimits, type HeldObject, type S3Lack } from './bucket.ts';
import { type S3Fault, withFault } from './faults.ts';
import { readBody } from './request-body.ts';
import { readCall, type S3Call } from './s3-call.ts';
import { S3Error } from './s3-error.ts';
import { readParts, writeXml, type XmlFields } from './xml.ts';

export interface S3ServerOptions {
  readonly buckets?: readonly string[];
  readonly lacks?: readonly S3Lack[];
  readonly limits?: Partial<BucketLimits>;
}

/** An answer, before any fault. */
export interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

const mib = 1024 * 1024;

export class S3Server {
  readonly #server: Server;
  readonly #buckets = new Map<string, Bucket>();
  /** Every request that came, in order. */
  readonly calls: S3Call[] = [];
  /** Asked for each request; what it gives goes wrong. */
  fault: (call: S3Call) => S3Fault | undefined = () => undefined;

  private constructor(options: S3ServerOptions) {
    const limits = { minPartBytes: 5 * mib, maxCopyBytes: 5 * 1024 * mib, ...options.limits };
    for (const name of options.buckets ?? ['bucket']) {
      this.#buckets.set(name, new Bucket(new Set(options.lacks), limits));
    }
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(options: S3ServerOptions = {}): Promise<S3Server> {
    const server = new S3Server(options);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the server does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  bucket(name = 'bucket'): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist');
    return bucket;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on('error', () => {});
    response.on('error', () => {});
    try {
      const call = readCall(request);
      this.calls.push(call);
      await withFault(this.fault(call), request, response, () => this.#answer(call, request));
    } catch (thrown) {
      // The client has gone.
      response.destroy(thrown instanceof Error ? thrown : undefined);
    }
  }

  async #answer(call: S3Call, request: IncomingMessage): Promise<S3Answer> {
    try {
      assertSigned(request);
      const body = await readBody(request);
      return this.#carryOut(call, request, body);
    } catch (thrown) {
      if (!(thrown instanceof S3Error)) throw thrown;
      const headers = { 'content-type': 'application/xml' };
      return { status: thrown.status, headers, ...(call.operation.startsWith('Head') ? {} : { body: thrown.toXml() }) };
    }
  }

  #carryOut(call: S3Call, request: IncomingMessage, body: Buffer): S3Answer {
    const { operation, key, query } = call;
    const { headers } = request;
    const bucket = this.bucket(call.bucket);
    const uploadId = query.get('uploadId') ?? '';
    switch (operation) {
      case 'HeadBucket':
        return { status: 200 };
      case 'ListObjectsV2':
        return xml('ListBucketResult', listObjects(bucket, query));
      case 'ListMultipartUploads':
        return xml('ListMultipartUploadsResult', listUploads(bucket, query));
      case 'HeadObject':
      case 'GetObject':
        return readObject(bucket.read(key, headers), request, operation === 'GetObject');
      case 'PutObject':
        if (headers['content-length'] === undefined) throw new S3Error(411, 'MissingContentLength');
        return { status: 200, headers: { etag: `"${bucket.put(key, body, headers).etag}"` } };
      case 'CopyObject':
        return xml('CopyObjectResult', copied(bucket.copy(this.#copySource(request), key, headers)));
      case 'DeleteObject':
        bucket.delete(key, headers);
        return { status: 204 };
      case 'CreateMultipartUpload':
        return xml('InitiateMultipartUploadResult', [
          ['Bucket', call.bucket],
          ['Key', key],
          ['UploadId', bucket.beginUpload(key, headers)],
        ]);
      case 'UploadPart':
        return {
          status: 200,
          headers: { etag: `"${bucket.putPart(key, uploadId, Number(query.get('partNumber')), body)}"` },
        };
      case 'UploadPartCopy': {
        const bytes = sourceRange(this.#copySource(request).bytes, headers['x-amz-copy-source-range']);
        const etag = bucket.putPart(key, uploadId, Number(query.get('partNumber')), bytes);
        return xml('CopyPartResult', [['ETag', `"${etag}"`]]);
      }
      case 'CompleteMultipartUpload':
        return xml('CompleteMultipartUploadResult', [
          ['Key', key],
          ['ETag', `"${bucket.completeUpload(key, uploadId, readParts(body.toString()), headers).etag}"`],
        ]);
      case 'AbortMultipartUpload':
        bucket.abortUpload(key, uploadId);
        return { status: 204 };
    }
  }

  #copySource(request: IncomingMessage): HeldObject {
    const path = decodeURIComponent(String(request.headers['x-amz-copy-source'])).replace(/^\//, '');
    const slash = path.indexOf('/');
    return this.bucket(path.slice(0, slash)).source(path.slice(slash + 1), request.headers);
  }
}

/** The form of a signature of version 4. */
function assertSigned(request: IncomingMessage): void {
  const form =
    /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/[^/]+\/s3\/aws4_request, ?SignedHeaders=[a-z0-9;-]+, ?Signature=[0-9a-f]{64}$/;
  if (!form.test(request.headers.authorization ?? '')) throw new S3Error(403, 'AccessDenied');
  if (request.headers['x-amz-content-sha256'] === undefined) throw new S3Error(400, 'InvalidRequest');
}

function readObject(object: HeldObject, request: IncomingMessage, withBody: boolean): S3Answer {
  const metadata = Object.entries(object.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value] as const);
  const headers = {
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.modifiedMs).toUTCString(),
    'content-type': object.contentType,
    'accept-ranges': 'bytes',
    ...Object.fromEntries(metadata),
  };
  const { bytes } = object;
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  if (!withBody) return { status: 200, headers: { ...headers, 'content-length': String(bytes.length) } };
  if (range === null) return { status: 200, headers, body: bytes };
  const start = Number(range[1]);
  const end = range[2] === '' ? bytes.length : Math.min(Number(range[2]) + 1, bytes.length);
  if (start >= bytes.length || end <= start) throw new S3Error(416, 'InvalidRange');
  const contentRange = `bytes ${start}-${end - 1}/${bytes.length}`;
  return { status: 206, headers: { ...headers, 'content-range': contentRange }, body: bytes.subarray(start, end) };
}

function sourceRange(bytes: Buffer, field: string | string[] | undefined): Buffer {
  if (field === undefined) return bytes;
  const range = /^bytes=(\d+)-(\d+)$/.exec(String(field));
  if (range === null || Number(range[2]) >= bytes.length) throw new S3Error(400, 'InvalidRange');
  return bytes.subarray(Number(range[1]), Number(range[2]) + 1);
}

function copied(object: HeldObject): XmlFields {
  return [
    ['ETag', `"${object.etag}"`],
    ['LastModified', new Date(object.modifiedMs).toISOString()],
  ];
}

function listObjects(bucket: Bucket, query: URLSearchParams): XmlFields {
  const limit = Math.min(Number(query.get('max-keys') ?? '1000'), 1000);
  const token = query.get('continuation-token');
  const after = token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString();
  const keys = bucket.keys(query.get('prefix') ?? '', after);
  const page = keys.slice(0, limit);
  const isUrl = query.get('encoding-type') === 'url';
  // As AWS does it: a blank becomes a plus.
  const encode = (key: string) => (isUrl ? encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/') : key);
  return [
    ['IsTruncated', String(keys.length > page.length)],
    ['KeyCount', String(page.length)],
    ...(keys.length > page.length
      ? ([['NextContinuationToken', Buffer.from(page.at(-1) ?? '').toString('base64url')]] as const)
      : []),
    ...page.map((key) => {
      const object = bucket.objects.get(key);
      const fields: XmlFields = [
        ['Key', encode(key)],
        ['Size', String(object?.bytes.length)],
        ['ETag', `"${object?.etag}"`],
        ['LastModified', new Date(object?.modifiedMs ?? 0).toISOString()],
      ];
      return ['Contents', fields] as const;
    }),
  ];
}

function listUploads(bucket: Bucket, query: URLSearchParams): XmlFields {
  const limit = Math.min(Number(query.get('max-uploads') ?? '1000'), 1000);
  const after = [query.get('key-marker') ?? '', query.get('upload-id-marker') ?? ''] as const;
  const isAfter = (key: string, id: string) => key > after[0] || (key === after[0] && after[1] !== '' && id > after[1]);
  const found = [...bucket.uploads]
    .filter(([id, { key }]) => key.startsWith(query.get('prefix') ?? '') && isAfter(key, id))
    .sort(([a, { key: keyA }], [b, { key: keyB }]) => (keyA === keyB ? (a < b ? -1 : 1) : keyA < keyB ? -1 : 1));
  const page = found.slice(0, limit);
  const uploads = page.map(([id, { key, begunMs }]) => {
    const fields: XmlFields = [
      ['Key', key],
      ['UploadId', id],
      ['Initiated', new Date(begunMs).toISOString()],
    ];
    return ['Upload', fields] as const;
  });
  const [lastId, last] = page.at(-1) ?? [];
  const next: XmlFields =
    found.length > page.length && lastId !== undefined && last !== undefined
      ? [
          ['NextKeyMarker', last.key],
          ['NextUploadIdMarker', lastId],
        ]
      : [];
  return [['IsTruncated', String(found.length > page.length)], ...next, ...uploads];
}

function xml(root: string, fields: XmlFields): S3Answer {
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: writeXml(root, fields) };
}
