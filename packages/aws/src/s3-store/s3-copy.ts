/**
 * Copying an object to a name, under new metadata and the name's condition, so that all of it shows at once. The server
 * copies where it honours conditions on that: in one request up to its limit, above that in parts. Where it does not,
 * the bytes pass through this process into a conditional PUT: slower, and as safe.
 */

import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { StoredMetadata, StoreRequest, WriteCondition, WriteOutcome } from '@sion/components';
import { SionError } from '@sion/wire';
import { S3Body } from './s3-body.ts';
import type { S3Conditions } from './s3-conditions.ts';
import { encodeMetadata } from './s3-metadata.ts';
import { answerOf, etagOf, type S3Requests } from './s3-requests.ts';

export interface CopyParts {
  readonly requests: S3Requests;
  readonly conditions: S3Conditions;
  readonly limits: CopyLimits;
}

export interface CopyLimits {
  /** The largest object that S3 copies, or takes, in one request. */
  readonly oneRequestBytes: number;
  /** Of a copy in parts. */
  readonly partBytes: number;
}

/** What is copied: exactly the version with `etag`. */
export interface CopySource {
  readonly key: string;
  readonly etag: string;
  /** Looked up when it is not known and matters. */
  readonly sizeBytes?: number;
}

export interface CopyTarget {
  readonly name: string;
  readonly metadata: StoredMetadata;
  readonly condition: WriteCondition;
  /** What the copy is made for. */
  readonly billedAs: StoreRequest;
}

/** `missing`: the source is not there, or, under `match`, the target is not. */
export type CopyOutcome = WriteOutcome | { readonly kind: 'missing' };

export async function copyIntoPlace(parts: CopyParts, source: CopySource, target: CopyTarget): Promise<CopyOutcome> {
  const { conditions, limits } = parts;
  const isLarge = source.sizeBytes !== undefined && source.sizeBytes > limits.oneRequestBytes;
  if (isLarge && conditions.complete) return await copyInParts(parts, source, source.sizeBytes, target);
  if (isLarge) throw tooLarge(parts, target, source.sizeBytes);
  if (!conditions.copy) return await copyThroughHere(parts, source, target);
  const outcome = await copyAtOnce(parts, source, target);
  if (outcome !== 'too-large') return outcome;
  const object = await parts.requests.head(source.key, target.name);
  if (object === undefined) return { kind: 'missing' };
  if (object.etag !== source.etag) return { kind: 'conflict' };
  if (!conditions.complete) throw tooLarge(parts, target, object.sizeBytes);
  return await copyInParts(parts, source, object.sizeBytes, target);
}

/** Throws `capacity` when an object of this size could not be put in place by this server. */
export function assertPlaceable(parts: CopyParts, name: string, sizeBytes: number): void {
  if (sizeBytes <= parts.limits.oneRequestBytes || parts.conditions.complete) return;
  throw tooLarge(parts, { name }, sizeBytes);
}

async function copyAtOnce(
  { requests }: CopyParts,
  source: CopySource,
  { name, metadata, condition, billedAs }: CopyTarget,
): Promise<CopyOutcome | 'too-large'> {
  const what = `write the object ${name}`;
  const command = new CopyObjectCommand({
    Bucket: requests.place.bucket,
    Key: requests.keyOf(name),
    ...sourceFields(requests, source),
    MetadataDirective: 'REPLACE',
    ...encodeMetadata(metadata),
    ...requests.conditionFields(condition),
  });
  try {
    const outcome = await requests.run({
      kind: 'write',
      billedAs,
      what,
      timeoutMs: requests.patience.copyMs,
      send: (client, options) => client.send(command, options),
    });
    if (outcome.kind !== 'answer') return outcome.kind === 'missing' ? { kind: 'missing' } : { kind: 'conflict' };
    return { kind: 'written', etag: etagOf(outcome.answer.CopyObjectResult?.ETag, what) };
  } catch (error) {
    if (saysTooLarge(error)) return 'too-large';
    throw error;
  }
}

/** S3 has no code of its own for a source above the limit. */
function saysTooLarge(error: unknown): boolean {
  if (!(error instanceof SionError) || error.code !== 'unavailable' || !(error.cause instanceof Error)) return false;
  return error.cause.name === 'InvalidRequest' && /larger than the maximum/i.test(error.cause.message);
}

async function copyInParts(
  parts: CopyParts,
  source: CopySource,
  sizeBytes: number,
  target: CopyTarget,
): Promise<CopyOutcome> {
  const { requests } = parts;
  const { name, metadata, condition, billedAs } = target;
  const what = `write the object ${name}`;
  const place = { Bucket: requests.place.bucket, Key: requests.keyOf(name) };
  const begun = await requests.run({
    kind: 'read', // It shows nothing, whatever becomes of it.
    billedAs,
    what,
    send: (client, options) =>
      client.send(new CreateMultipartUploadCommand({ ...place, ...encodeMetadata(metadata) }), options),
  });
  const { UploadId } = answerOf(begun, what);
  const abort = async () => {
    const send = requests.run({
      kind: 'read',
      billedAs: 'delete',
      what: 'clear away an upload',
      send: (client, options) => client.send(new AbortMultipartUploadCommand({ ...place, UploadId }), options),
    });
    await send.catch(() => {});
  };
  try {
    const copied = await copyEachPart(parts, source, sizeBytes, { ...place, UploadId }, { what, billedAs });
    if (!Array.isArray(copied)) {
      await abort();
      return copied;
    }
    const command = new CompleteMultipartUploadCommand({
      ...place,
      UploadId,
      MultipartUpload: { Parts: copied },
      ...requests.conditionFields(condition),
    });
    const outcome = await requests.run({
      kind: 'write',
      billedAs,
      what,
      timeoutMs: requests.patience.copyMs,
      send: (client, options) => client.send(command, options),
    });
    if (outcome.kind === 'answer') return { kind: 'written', etag: etagOf(outcome.answer.ETag, what) };
    await abort();
    return outcome.kind === 'missing' ? { kind: 'missing' } : { kind: 'conflict' };
  } catch (error) {
    const isUnknown = error instanceof SionError && error.code === 'indeterminate';
    if (!isUnknown) await abort();
    throw error;
  }
}

interface CopiedPart {
  readonly PartNumber: number;
  readonly ETag: string;
}

/** Four at a time. */
async function copyEachPart(
  { requests, limits }: CopyParts,
  source: CopySource,
  sizeBytes: number,
  upload: { readonly Bucket: string; readonly Key: string; readonly UploadId: string | undefined },
  { what, billedAs }: { readonly what: string; readonly billedAs: StoreRequest },
): Promise<CopiedPart[] | { readonly kind: 'missing' } | { readonly kind: 'conflict' }> {
  const count = Math.ceil(sizeBytes / limits.partBytes);
  const copied: CopiedPart[] = [];
  for (let first = 0; first < count; first += 4) {
    const numbers = Array.from({ length: Math.min(4, count - first) }, (_, place) => first + place + 1);
    const outcomes = await Promise.all(
      numbers.map(async (PartNumber) => {
        const start = (PartNumber - 1) * limits.partBytes;
        const CopySourceRange = `bytes=${start}-${Math.min(start + limits.partBytes, sizeBytes) - 1}`;
        const fields = { ...upload, PartNumber, ...sourceFields(requests, source), CopySourceRange };
        const outcome = await requests.run({
          kind: 'read', // It shows nothing.
          billedAs,
          what,
          timeoutMs: requests.patience.copyMs,
          send: (client, options) => client.send(new UploadPartCopyCommand(fields), options),
        });
        if (outcome.kind !== 'answer') return outcome;
        return { PartNumber, ETag: etagOf(outcome.answer.CopyPartResult?.ETag, what) };
      }),
    );
    for (const outcome of outcomes) {
      if ('ETag' in outcome) copied.push(outcome);
      else return { kind: outcome.kind === 'missing' ? 'missing' : 'conflict' };
    }
  }
  return copied;
}

/** GET and conditional PUT at once, in bounded memory. */
async function copyThroughHere(
  { requests, limits }: CopyParts,
  source: CopySource,
  { name, metadata, condition, billedAs }: CopyTarget,
): Promise<CopyOutcome> {
  const got = await requests.get(source.key, name, { ifMatch: source.etag });
  if (got.kind !== 'answer') return got.kind === 'missing' ? { kind: 'missing' } : { kind: 'conflict' };
  const { Body, ContentLength: lengthBytes } = got.answer;
  if (!(Body instanceof Readable) || lengthBytes === undefined) {
    throw new SionError('unavailable', `Could not read the object ${name}: S3’s answer has no body. Try again.`);
  }
  const { clock, patience } = requests;
  const body = new S3Body({ clock, stream: Body, name, lengthBytes, idleMs: patience.idleMs });
  if (lengthBytes > limits.oneRequestBytes) {
    body.cancel();
    throw tooLarge({ requests }, { name }, lengthBytes);
  }
  const stream = Readable.from(body, { objectMode: false });
  const broken = new AbortController();
  stream.once('error', (error) => broken.abort(error));
  try {
    const key = requests.keyOf(name);
    const options = { signal: broken.signal, billedAs };
    const outcome = await requests.put(key, name, { stream, lengthBytes }, metadata, condition, options);
    if (outcome.kind === 'answer') return { kind: 'written', etag: outcome.answer };
    return outcome.kind === 'missing' ? { kind: 'missing' } : { kind: 'conflict' };
  } catch (error) {
    // Its last bytes were never sent, so that the server cannot have taken what it got for the object.
    throw broken.signal.aborted ? broken.signal.reason : error;
  } finally {
    stream.destroy();
    body.cancel();
  }
}

function sourceFields({ place }: S3Requests, { key, etag }: CopySource) {
  const path = key.split('/').map(encodeURIComponent).join('/');
  return { CopySource: `${place.bucket}/${path}`, CopySourceIfMatch: etag };
}

function tooLarge(
  { requests }: Pick<CopyParts, 'requests'>,
  { name }: Pick<CopyTarget, 'name'>,
  sizeBytes: number,
): SionError {
  const where = requests.place.endpoint ?? 'S3';
  const reason = `${where} does not honour conditions on the writes that an object of ${sizeBytes} bytes needs`;
  return new SionError(
    'capacity',
    `Could not write the object ${name}: ${reason}. Split it, or use another S3 server.`,
  );
}
