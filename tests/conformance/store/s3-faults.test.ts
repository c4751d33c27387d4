/** The S3 store among faults, over our own S3 server. */
import { S3Server } from '../../s3-server/s3-server.ts';
import { openFaultBench } from './s3-bench.ts';
import { s3Faults } from './s3-faults.ts';

s3Faults('our own server', async () => {
  const server = await S3Server.start();
  return await openFaultBench({
    ...{ endpoint: server.endpoint, bucket: 'bucket', copyOperation: 'CopyObject' },
    close: () => server.close(),
  });
});
