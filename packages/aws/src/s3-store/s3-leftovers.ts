/**
 * What writers that died have left in the bucket: uploads never completed, staging objects never copied to their names, and
 * trials of conditions. They show nowhere, but cost money for as long as they lie there. It must never touch what this
 * writer itself is at, nor anything outside `.sion/`.
 */
import { AbortMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { asSionError, SionError } from '@sion/wire';
import { listKeys } from './s3-listing.ts';
import { answerOf, type S3Requests } from './s3-requests.ts';

/** Uploads lie under it until they are copied to their names. */
export const stagingPrefix = '.sion/uploads/';

/** Objects of trials. */
export const probePrefix = '.sion/probe-';

/** A trial is over within seconds; another proxy may be at one right now. */
const probeAgeMs = 3_600_000;

const clearedAtOnce = 8;

interface UnfinishedUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly begunMs: number;
}

/** `inUse`: keys of this writer's own uploads. */
export async function clearLeftovers(requests: S3Requests, inUse: ReadonlySet<string>): Promise<void> {
  const oldMs = requests.clock.wallMs() - probeAgeMs;
  const isLeft = (key: string, sinceMs: number) =>
    key.startsWith(requests.keyOf(stagingPrefix)) ? !inUse.has(key) : sinceMs < oldMs;
  for (const prefix of [stagingPrefix, probePrefix]) {
    await clearObjects(requests, prefix, isLeft);
    await clearUploads(requests, prefix, isLeft);
  }
}

async function clearObjects(
  requests: S3Requests,
  prefix: string,
  isLeft: (key: string, sinceMs: number) => boolean,
): Promise<void> {
  let after: string | undefined;
  for (;;) {
    const page = await listKeys(requests, prefix, { limit: 1000, ...(after === undefined ? {} : { after }) });
    const left = page.objects.filter(({ name, modifiedMs }) => isLeft(requests.keyOf(name), modifiedMs));
    await clearEach(left, async ({ name }) => void (await requests.delete(requests.keyOf(name), name)));
    after = page.objects.at(-1)?.name;
    if (!page.more) return;
  }
}

async function clearUploads(
  requests: S3Requests,
  prefix: string,
  isLeft: (key: string, sinceMs: number) => boolean,
): Promise<void> {
  let marker: UploadMarker | undefined;
  do {
    const page = await listUploads(requests, prefix, marker);
    const left = page.uploads.filter(({ key, begunMs }) => isLeft(key, begunMs));
    await clearEach(left, ({ key, uploadId }) => abortUpload(requests, key, uploadId));
    marker = page.next;
  } while (marker !== undefined);
}

interface UploadMarker {
  readonly KeyMarker: string;
  readonly UploadIdMarker?: string;
}

async function listUploads(
  requests: S3Requests,
  prefix: string,
  marker: UploadMarker | undefined,
): Promise<{ readonly uploads: readonly UnfinishedUpload[]; readonly next: UploadMarker | undefined }> {
  const what = 'list unfinished uploads';
  const place = { Bucket: requests.place.bucket, Prefix: requests.keyOf(prefix) };
  const listed = await requests.run({
    kind: 'read',
    billedAs: 'list',
    what,
    send: (client, options) => client.send(new ListMultipartUploadsCommand({ ...place, ...marker }), options),
  });
  const { Uploads = [], IsTruncated, NextKeyMarker, NextUploadIdMarker } = answerOf(listed, what);
  const uploads = Uploads.flatMap(({ Key: key, UploadId: uploadId, Initiated }) =>
    key === undefined || uploadId === undefined ? [] : [{ key, uploadId, begunMs: Initiated?.getTime() ?? 0 }],
  );
  const isLast = IsTruncated !== true || NextKeyMarker === undefined || uploads.length === 0;
  if (isLast) return { uploads, next: undefined };
  const uploadMarker = NextUploadIdMarker === undefined ? {} : { UploadIdMarker: NextUploadIdMarker };
  return { uploads, next: { KeyMarker: NextKeyMarker, ...uploadMarker } };
}

async function abortUpload(requests: S3Requests, Key: string, UploadId: string): Promise<void> {
  const place = { Bucket: requests.place.bucket, Key, UploadId };
  const aborting = requests.run({
    kind: 'read',
    billedAs: 'delete',
    what: 'clear away an upload',
    send: (client, options) => client.send(new AbortMultipartUploadCommand(place), options),
  });
  await aborting.catch((thrown: unknown) => {
    const isGone = thrown instanceof SionError && thrown.cause instanceof Error && thrown.cause.name === 'NoSuchUpload';
    if (!isGone) throw thrown;
  });
}

/** A few at a time. One that cannot be cleared does not keep the others; the first failure is told in the end. */
async function clearEach<Item>(items: readonly Item[], clear: (item: Item) => Promise<void>): Promise<void> {
  let next = 0;
  let failure: SionError | undefined;
  const work = async () => {
    for (let place = next++; place < items.length; place = next++) {
      const item = items[place];
      if (item === undefined) continue;
      await clear(item).catch((thrown: unknown) => {
        failure ??= asSionError(thrown);
      });
    }
  };
  await Promise.all(Array.from({ length: clearedAtOnce }, work));
  if (failure !== undefined) throw failure;
}
