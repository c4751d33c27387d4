/** The S3 store under the conformance suite, on Debian's radosgw; what that lacks is named here, and nothing else. */
import { openS3Store } from '@sion/aws/s3-store';
import { randomHex, systemClock, systemRandom } from '@sion/components';
import { expect, inject, test } from 'vitest';
import { radosgwBucket, radosgwCredentials } from '../../radosgw/radosgw.ts';
import { storeConformance } from './store-conformance.ts';

const openUnder = (prefix: string) =>
  openS3Store({
    endpoint: inject('radosgwEndpoint'),
    bucket: radosgwBucket,
    prefix,
    credentials: radosgwCredentials,
    region: 'us-east-1',
    clock: systemClock,
    random: systemRandom,
  });

const noWriter = 'S3 has no notion of a writer; the lease and the conditions decide';

storeConformance(
  's3 on radosgw',
  async () => {
    const prefix = `conformance/${randomHex(systemRandom, 8)}`;
    const open = async () => {
      const store = openUnder(prefix);
      await store.probeConditions();
      return store;
    };
    // The whole server goes in the end.
    return { open, remove: async () => {} };
  },
  {
    fencing: noWriter,
    ownership: noWriter,
    'own-etags': 'an ETag of S3 is a hash of the bytes',
    'exact-races': 'radosgw 16 answers 500 to some that lose, so that nobody knows',
    'exact-deletes': 'radosgw 16 ignores If-Match on DELETE',
  },
);

test('what radosgw 16 lacks is found out', async () => {
  const store = openUnder(`probe-${randomHex(systemRandom, 8)}`);
  expect(await store.probeConditions()).toEqual([
    expect.stringMatching(/CopyObject/),
    expect.stringMatching(/CompleteMultipartUpload/),
    expect.stringMatching(/DELETE/),
  ]);
  await store.close();
});
