/** The very same faults between SION and Debian's radosgw. */
import { inject } from 'vitest';
import { radosgwBucket } from '../../radosgw/radosgw.ts';
import { openFaultBench } from './s3-bench.ts';
import { s3Faults } from './s3-faults.ts';

s3Faults('radosgw', () =>
  openFaultBench({
    endpoint: inject('radosgwEndpoint'),
    bucket: radosgwBucket,
    // It ignores conditions on CopyObject.
    copyOperation: 'PutObject',
  }),
);
