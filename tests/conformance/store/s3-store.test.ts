/** The S3 store under the conformance suite, on our own S3 server. */

import { openS3Store } from '@sion/aws/s3-store';
import { systemClock, systemRandom } from '@sion/components';
import { S3Server } from '../../s3-server/s3-server.ts';
import { storeConformance } from './store-conformance.ts';

const contentEtag = 'an ETag of S3 is a hash of the bytes';
const noWriter = 'S3 has no notion of a writer; the lease and the conditions decide';

storeConformance(
  's3',
  async () => {
    const server = await S3Server.start();
    return {
      open: async () =>
        openS3Store({
          bucket: 'bucket',
          prefix: 'team/sion',
          region: 'us-east-1',
          endpoint: server.endpoint,
          credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
          clock: systemClock,
          random: systemRandom,
        }),
      remove: () => server.close(),
    };
  },
  { fencing: noWriter, ownership: noWriter, 'own-etags': contentEtag },
);
