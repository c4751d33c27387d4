/** Which operation of S3 a request is, path-style, told from its first line and its headers. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { S3Error } from './s3-error.ts';

export type S3Operation =
  | 'HeadBucket'
  | 'ListObjectsV2'
  | 'ListMultipartUploads'
  | 'HeadObject'
  | 'GetObject'
  | 'PutObject'
  | 'CopyObject'
  | 'DeleteObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'UploadPartCopy'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload';

export interface S3Call {
  readonly operation: S3Operation;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
}

/** Throws a 501 for what is none of them. */
export function readCall(request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>): S3Call {
  const [path = '', search = ''] = (request.url ?? '').split('?', 2);
  const query = new URLSearchParams(search);
  const steps = path.slice(1).split('/');
  const bucket = decodeURIComponent(steps[0] ?? '');
  const key = steps.slice(1).map(decodeURIComponent).join('/');
  const operation = operationOf(request, key, query);
  if (operation === undefined) throw new S3Error(501, 'NotImplemented', `${request.method} ${request.url}`);
  return { operation, bucket, key, query, headers: request.headers };
}

function operationOf(
  request: Pick<IncomingMessage, 'method' | 'headers'>,
  key: string,
  query: URLSearchParams,
): S3Operation | undefined {
  const isCopy = request.headers['x-amz-copy-source'] !== undefined;
  const isPart = query.has('uploadId');
  switch (request.method) {
    case 'HEAD':
      return key === '' ? 'HeadBucket' : 'HeadObject';
    case 'GET':
      if (key !== '') return 'GetObject';
      if (query.has('uploads')) return 'ListMultipartUploads';
      return query.get('list-type') === '2' ? 'ListObjectsV2' : undefined;
    case 'PUT':
      if (isPart) return isCopy ? 'UploadPartCopy' : 'UploadPart';
      return isCopy ? 'CopyObject' : 'PutObject';
    case 'POST':
      if (isPart) return 'CompleteMultipartUpload';
      return query.has('uploads') ? 'CreateMultipartUpload' : undefined;
    case 'DELETE':
      return isPart ? 'AbortMultipartUpload' : 'DeleteObject';
    default:
      return undefined;
  }
}
