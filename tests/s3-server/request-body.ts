/** The body of a request, whole: as it comes, or taken out of `aws-chunked` framing; checked against its checksum. */
import type { IncomingMessage } from 'node:http';
import { crc32 } from 'node:zlib';
import { S3Error } from './s3-error.ts';

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  const raw = Buffer.concat(pieces);
  const announced = request.headers['content-length'];
  if (announced !== undefined && Number(announced) !== raw.length) throw new S3Error(400, 'IncompleteBody');
  const isChunked = /\baws-chunked\b/.test(request.headers['content-encoding'] ?? '');
  const hash = String(request.headers['x-amz-content-sha256'] ?? '');
  const bytes = isChunked || hash.startsWith('STREAMING-') ? unchunk(raw) : raw;
  const checksum = request.headers['x-amz-checksum-crc32'];
  if (checksum !== undefined && checksum !== checksumOf(bytes)) throw new S3Error(400, 'BadDigest');
  return bytes;
}

export function checksumOf(bytes: Uint8Array): string {
  const field = Buffer.alloc(4);
  field.writeUInt32BE(crc32(bytes));
  return field.toString('base64');
}

/** `<hex size>[;chunk-signature=…]\r\n<bytes>\r\n` … `0\r\n<trailers>\r\n\r\n` */
function unchunk(raw: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = raw.indexOf('\r\n', at);
    const size = Number.parseInt(raw.subarray(at, end).toString('latin1'), 16);
    if (end < 0 || !Number.isInteger(size)) throw new S3Error(400, 'IncompleteBody');
    if (size === 0) return Buffer.concat(pieces);
    pieces.push(raw.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
    if (at > raw.length) throw new S3Error(400, 'IncompleteBody');
  }
}
