/**
 * Lists objects a page at a time. A listing of S3 has no metadata, so each object of a page is looked at, a few at a
 * time: a page costs one LIST request per thousand keys and one HEAD request per object.
 */
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import type { ListOptions, ListPage, StoredObject } from '@sion/components';
import { SionError } from '@sion/wire';
import { answerOf, type S3Requests } from './s3-requests.ts';

/** S3's longest page. */
const longestPage = 1000;

const looksAtOnce = 16;

/** What begins with it is SION's own. */
export const ownPrefix = '.sion/';

/** After every key of SION's own, which are plain ASCII. */
const afterOwn = '.sion/~';

export interface KeyPage {
  /** Without the prefix, in byte order. */
  readonly names: readonly string[];
  readonly more: boolean;
}

/** One page. An object that is deleted meanwhile is left out. Rejects with `unavailable` or `invalid`. */
export async function listObjects(requests: S3Requests, prefix: string, options: ListOptions): Promise<ListPage> {
  const { limit } = options;
  if (!Number.isInteger(limit) || limit < 1 || limit > longestPage) {
    throw new SionError('invalid', `A page of a listing has 1 to ${longestPage} objects, not ${limit}.`);
  }
  const names: string[] = [];
  let after = options.after;
  let more = !prefix.startsWith(ownPrefix);
  while (more && names.length < limit) {
    const page = await listNames(requests, prefix, {
      limit: limit - names.length,
      ...(after === undefined ? {} : { after }),
    });
    names.push(...page.names.filter((name) => !name.startsWith(ownPrefix)));
    more = page.more;
    const last = page.names.at(-1);
    after = last?.startsWith(ownPrefix) && last < afterOwn ? afterOwn : last;
  }
  const objects = await lookAtEach(requests, names);
  return { objects, more };
}

/** A page of names as S3 lists them, SION's own included. */
export async function listNames(requests: S3Requests, prefix: string, options: ListOptions): Promise<KeyPage> {
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
    what,
    send: (client, sendOptions) => client.send(command, sendOptions),
  });
  const answer = answerOf(outcome, what);
  const keys = (answer.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : decodeKey(Key)));
  const names = keys.map((key) => key.slice(place.prefix.length));
  return { names, more: answer.IsTruncated === true && names.length > 0 };
}

async function lookAtEach(requests: S3Requests, names: readonly string[]): Promise<readonly StoredObject[]> {
  const found: (StoredObject | undefined)[] = [];
  let next = 0;
  const look = async () => {
    for (let place = next++; place < names.length; place = next++) {
      const name = names[place];
      if (name !== undefined) found[place] = await requests.head(requests.keyOf(name), name);
    }
  };
  await Promise.all(Array.from({ length: Math.min(looksAtOnce, names.length) }, look));
  return found.flatMap((object) => object ?? []);
}

/** AWS writes a blank as `+`, others as `%20`; both write a plus as `%2B`. */
function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}
