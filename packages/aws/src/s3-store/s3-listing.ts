/**
 * Lists objects a page at a time. A listing of S3 has no metadata, so each object of a page is looked at, a few at a
 * time: a page costs one LIST request per thousand keys and one HEAD request per object, which who wants names alone is
 * spared.
 */
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { ListOptions, ListPage, StoredObject } from '@sion/components';
import { SionError } from '@sion/wire';
import { answerOf, etagOf, type S3Requests } from './s3-requests.ts';

/** S3's longest page. */
const longestPage = 1000;

const looksAtOnce = 16;

/** What begins with it is SION's own. */
export const ownPrefix = '.sion/';

/** After every key of SION's own, which are plain ASCII. */
const afterOwn = '.sion/~';

export interface KeyPage {
  /** Names without the prefix, in byte order, and what the listing itself tells of them. */
  readonly objects: readonly StoredObject[];
  readonly more: boolean;
}

/** One page. An object that is deleted meanwhile is left out. Rejects with `unavailable` or `invalid`. */
export async function listObjects(requests: S3Requests, prefix: string, options: ListOptions): Promise<ListPage> {
  const { limit } = options;
  if (!Number.isInteger(limit) || limit < 1 || limit > longestPage) {
    throw new SionError('invalid', `A page of a listing has 1 to ${longestPage} objects, not ${limit}.`);
  }
  const listed: StoredObject[] = [];
  let after = options.after;
  let more = !prefix.startsWith(ownPrefix);
  while (more && listed.length < limit) {
    const page = await listKeys(requests, prefix, {
      limit: limit - listed.length,
      ...(after === undefined ? {} : { after }),
    });
    listed.push(...page.objects.filter(({ name }) => !name.startsWith(ownPrefix)));
    more = page.more;
    const last = page.objects.at(-1)?.name;
    after = last?.startsWith(ownPrefix) && last < afterOwn ? afterOwn : last;
  }
  return { objects: options.namesOnly === true ? listed : await lookAtEach(requests, listed), more };
}

/** A page of names as S3 lists them, SION's own included. */
export async function listKeys(requests: S3Requests, prefix: string, options: ListOptions): Promise<KeyPage> {
  const { place } = requests;
  const what = `list the objects ${prefix}*`;
  const command = new ListObjectsV2Command({
    Bucket: place.bucket,
    Prefix: place.prefix + prefix,
    MaxKeys: options.limit,
    // XML cannot carry every character of a key.
    EncodingType: 'url',
    ...(options.after === undefined ? {} : { StartAfter: place.prefix + options.after }),
  });
  const outcome = await requests.run({
    kind: 'read',
    billedAs: 'list',
    what,
    send: (client, sendOptions) => client.send(command, sendOptions),
  });
  const answer = answerOf(outcome, what);
  const objects = (answer.Contents ?? []).flatMap(({ Key, Size, ETag, LastModified }): readonly StoredObject[] => {
    if (Key === undefined || Size === undefined) return [];
    const name = decodeKey(Key).slice(place.prefix.length);
    const etag = ETag === undefined || ETag === '' ? '' : etagOf(ETag, what);
    return [{ name, sizeBytes: Size, etag, modifiedMs: LastModified?.getTime() ?? 0, metadata: {} }];
  });
  return { objects, more: answer.IsTruncated === true && objects.length > 0 };
}

async function lookAtEach(requests: S3Requests, listed: readonly StoredObject[]): Promise<readonly StoredObject[]> {
  const found: (StoredObject | undefined)[] = [];
  let next = 0;
  const look = async () => {
    for (let place = next++; place < listed.length; place = next++) {
      const name = listed[place]?.name;
      if (name !== undefined) found[place] = await requests.head(requests.keyOf(name), name);
    }
  };
  await Promise.all(Array.from({ length: Math.min(looksAtOnce, listed.length) }, look));
  return found.flatMap((object) => object ?? []);
}

/** AWS writes a blank as `+`, others as `%20`; both write a plus as `%2B`. */
function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}
