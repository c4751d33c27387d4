/** S3 for the bench: the SDK's part is `@sion/aws`'s, and loaded only where S3 is a target. */
import type { OpenS3Calls, TargetSpec } from '@sion/bench';
import { systemClock } from '@sion/components';

/** Gives what opens the S3 targets among these. */
export async function loadS3(targets: readonly TargetSpec[]): Promise<OpenS3Calls> {
  if (targets.every(({ kind }) => kind !== 's3')) {
    return () => {
      throw new Error('There is no S3 among the targets.');
    };
  }
  const { createS3Objects } = await import('@sion/aws/s3-objects');
  return (spec, { lanes, timeoutMs }) => {
    const { bucket, endpoint, parallel, prefix, region } = spec;
    return createS3Objects({
      ...{ bucket, region, prefix: prefix === '' ? '' : `${prefix}/`, clock: systemClock },
      ...(endpoint === undefined ? {} : { endpoint }),
      patience: {
        ...{ connectMs: 10_000, requestMs: timeoutMs, copyMs: timeoutMs, idleMs: timeoutMs },
        maxConnections: lanes * parallel,
      },
    });
  };
}
