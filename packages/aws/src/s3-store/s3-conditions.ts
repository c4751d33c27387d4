/**
 * Which conditions an S3 server really honours, found out by trying: a server that does not know a condition ignores it
 * without a word, and two writers overwrite each other. Each trial writes small objects under `.sion/` that are removed
 * again.
 */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { type Random, randomHex, type WriteCondition } from '@sion/components';
import { asSionError, SionError } from '@sion/wire';
import { probePrefix } from './s3-leftovers.ts';
import { answerOf, etagOf, type S3Outcome, type S3Requests } from './s3-requests.ts';

/** True where the server honours the condition. */
export interface S3Conditions {
  /** `If-None-Match: *` on PutObject. */
  readonly create: boolean;
  /** `If-Match` on PutObject. */
  readonly replace: boolean;
  /** Both, on what CopyObject writes. */
  readonly copy: boolean;
  /** Both, on CompleteMultipartUpload. */
  readonly complete: boolean;
  /** `If-Match` on DeleteObject. */
  readonly delete: boolean;
}

/** What AWS's S3 honours. */
export const allConditions: S3Conditions = { create: true, replace: true, copy: true, complete: true, delete: true };

/** An ETag that nothing has. */
const noEtag = '"00000000000000000000000000000000"';

/** Tries them all; sets the requests' {@link S3Requests.etagForm} to what the server understands. */
export async function probeConditions(requests: S3Requests, random: Random): Promise<S3Conditions> {
  const name = `${probePrefix}${randomHex(random, 8)}`;
  const key = requests.keyOf(name);
  const bytes = Buffer.from('SION tries here which conditions this server honours.\n');
  const put = (condition: WriteCondition) => requests.put(key, name, bytes, {}, condition);
  const etag = answerOf(await put({ kind: 'absent' }), `write the object ${name}`);
  const right: WriteCondition = { kind: 'match', etag };
  const wrong: WriteCondition = { kind: 'match', etag: noEtag };
  try {
    const create = await isRefused(put({ kind: 'absent' }));
    const replace = (await isRefused(put(wrong))) && (await takesEither(requests, () => put(right)));
    const copy =
      (await isRefused(copyOver(requests, key, etag, { kind: 'absent' }))) &&
      (await isRefused(copyOver(requests, key, etag, wrong))) &&
      !(await isRefused(copyOver(requests, key, etag, right)));
    const complete =
      (await completeIsRefused(requests, key, { kind: 'absent' })) && (await completeIsRefused(requests, key, wrong));
    return { create, replace, copy, complete, delete: await isRefused(requests.delete(key, name, noEtag)) };
  } finally {
    await requests.delete(key, name).catch(() => {});
  }
}

/** True when a write under the right ETag is taken, in quotes or without. */
async function takesEither(requests: S3Requests, write: () => Promise<S3Outcome<unknown>>): Promise<boolean> {
  for (const form of ['quoted', 'bare'] as const) {
    requests.etagForm = form;
    if (!(await isRefused(write()))) return true;
  }
  requests.etagForm = 'quoted';
  return false;
}

/** Throws `invalid` when two writers could overwrite each other; else the sentences that name what is lacking. */
export function judgeConditions(conditions: S3Conditions, place: string): readonly string[] {
  if (!conditions.create || !conditions.replace) {
    const missing = [...(conditions.create ? [] : ['If-None-Match']), ...(conditions.replace ? [] : ['If-Match'])];
    const ignored = `The S3 server at ${place} ignores ${missing.join(' and ')} on PUT`;
    const remedy = 'Use a server that honours conditional writes (AWS S3 does), or SION_STORE=directory.';
    throw new SionError('invalid', `${ignored}, so that a write could undo another one unseen. ${remedy}`);
  }
  return [
    ...(conditions.copy
      ? []
      : [
          'It ignores conditions on CopyObject: bytes of uploads and of changed expiries pass through the proxy instead.',
        ]),
    ...(conditions.complete
      ? []
      : ['It ignores conditions on CompleteMultipartUpload: objects that cannot be copied at once are refused.']),
    ...(conditions.delete
      ? []
      : ['It ignores If-Match on DELETE: a delete looks first, and one that arrives late may take a newer version.']),
  ];
}

/** True when the condition, which does not hold, was honoured, or refused as unknown. */
async function isRefused<Answer>(trial: Promise<S3Outcome<Answer>>): Promise<boolean> {
  try {
    return (await trial).kind !== 'answer';
  } catch (thrown) {
    const error = asSionError(thrown);
    // Told as not offered: as good as ignored.
    if (error.cause instanceof Error && error.cause.name === 'NotImplemented') return false;
    throw error;
  }
}

function copyOver(
  requests: S3Requests,
  key: string,
  etag: string,
  condition: WriteCondition,
): Promise<S3Outcome<unknown>> {
  const { bucket } = requests.place;
  const command = new CopyObjectCommand({
    Bucket: bucket,
    Key: key,
    CopySource: `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`,
    CopySourceIfMatch: etag,
    MetadataDirective: 'REPLACE',
    ...requests.conditionFields(condition),
  });
  return requests.run({
    kind: 'write',
    billedAs: 'metadata',
    what: 'try a conditional copy',
    send: (client, options) => client.send(command, options),
  });
}

async function completeIsRefused(requests: S3Requests, key: string, condition: WriteCondition): Promise<boolean> {
  const what = 'try a conditional upload';
  const place = { Bucket: requests.place.bucket, Key: key };
  const run = <Answer>(send: Parameters<typeof requests.run<Answer>>[0]['send']) =>
    requests.run<Answer>({ kind: 'write', billedAs: 'upload', what, send });
  const begun = await run((client, options) => client.send(new CreateMultipartUploadCommand(place), options));
  const upload = { ...place, UploadId: answerOf(begun, what).UploadId };
  const Body = Buffer.from('part');
  const sent = await run((client, options) =>
    client.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body }), options),
  );
  const Parts = [{ PartNumber: 1, ETag: etagOf(answerOf(sent, what).ETag, what) }];
  const command = new CompleteMultipartUploadCommand({
    ...upload,
    MultipartUpload: { Parts },
    ...requests.conditionFields(condition),
  });
  const refused = await isRefused(run((client, options) => client.send(command, options)));
  if (refused) {
    const aborted = requests.run({
      kind: 'read',
      billedAs: 'delete',
      what: 'clear away an upload',
      send: (client, options) => client.send(new AbortMultipartUploadCommand(upload), options),
    });
    await aborted.catch(() => {});
  }
  return refused;
}
