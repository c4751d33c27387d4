/**
 * The S3 store under the conformance suite, on a real S3 server that the environment names: Debian's radosgw
 * (tests/radosgw/start.sh), or any other with a bucket to write to.
 *
 *     SION_TEST_S3_ENDPOINT  SION_TEST_S3_BUCKET  SION_TEST_S3_KEY  SION_TEST_S3_SECRET
 */
import { openS3Store } from '@sion/aws/s3-store';
import { randomHex, systemClock, systemRandom } from '@sion/components';
import { expect, test } from 'vitest';
import { storeConformance } from './store-conformance.ts';

const { env } = process;
const endpoint = env['SION_TEST_S3_ENDPOINT'];
const bucket = env['SION_TEST_S3_BUCKET'] ?? 'sion-test';

if (endpoint === undefined) {
  test.skip('the S3 store on a real server (SION_TEST_S3_ENDPOINT is not set)', () => {});
} else {
  const credentials = {
    accessKeyId: env['SION_TEST_S3_KEY'] ?? 'key',
    secretAccessKey: env['SION_TEST_S3_SECRET'] ?? 'secret',
  };
  const openUnder = (prefix: string) =>
    openS3Store({
      ...{ endpoint, bucket, prefix, credentials },
      region: 'us-east-1',
      clock: systemClock,
      random: systemRandom,
    });
  const noWriter = 'S3 has no notion of a writer; the lease and the conditions decide';
  storeConformance(
    `s3 at ${endpoint}`,
    async () => {
      const prefix = `test-${randomHex(systemRandom, 8)}`;
      const open = async () => {
        const store = openUnder(prefix);
        await store.probeConditions();
        return store;
      };
      const remove = async () => {
        const store = await open();
        await store.claim();
        for (;;) {
          const { objects, more } = await store.list('', { limit: 1000 });
          for (const { name, etag } of objects) await store.delete(name, etag);
          if (!more) break;
        }
        await store.close();
      };
      return { open, remove };
    },
    {
      fencing: noWriter,
      ownership: noWriter,
      'own-etags': 'an ETag of S3 is a hash of the bytes',
      'exact-races': 'radosgw answers 500 to some that lose, so that nobody knows',
      'exact-deletes': 'not every server honours If-Match on DELETE',
    },
  );

  test('the server refuses what would let two writers overwrite each other', async () => {
    const store = openUnder(`test-${randomHex(systemRandom, 8)}`);
    const lacking = await store.probeConditions();
    console.log(lacking.length === 0 ? 'It honours every condition.' : lacking.join('\n'));
    expect(lacking.every((sentence) => sentence.startsWith('It ignores'))).toBe(true);
    await store.close();
  });
}
