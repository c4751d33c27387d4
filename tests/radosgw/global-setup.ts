/** One radosgw for all tests of a run, started before the first and ended after the last. */

import { openS3Store } from '@sion/aws/s3-store';
import { systemClock, systemRandom } from '@sion/components';
import type { TestProject } from 'vitest/node';
import { radosgwBucket, radosgwCredentials, startRadosgw } from './radosgw.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    radosgwEndpoint: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const radosgw = await startRadosgw();
  const store = openS3Store({
    ...{ endpoint: radosgw.endpoint, bucket: radosgwBucket, credentials: radosgwCredentials, region: 'us-east-1' },
    ...{ prefix: 'first', clock: systemClock, random: systemRandom },
  });
  // It makes its pools with the first request of each kind, which takes seconds.
  await store.probeConditions();
  await store.close();
  project.provide('radosgwEndpoint', radosgw.endpoint);
  return () => radosgw.close();
}
