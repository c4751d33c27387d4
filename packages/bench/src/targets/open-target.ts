/** Targets from where they are said to be. What needs the AWS SDK is brought by who runs the bench. */
import type { Target, TargetSpec } from '../target.ts';
import { createClientTarget } from './client-target.ts';
import { createDirectoryTarget } from './directory-target.ts';
import { createRedisTarget } from './redis-target.ts';
import { createS3Target, type ObjectCalls } from './s3-target.ts';

export interface TargetOptions {
  /** The most that are opened. */
  readonly lanes: number;
  readonly timeoutMs: number;
  /** The number of the worker that opens it. */
  readonly worker: number;
}

/** What asks S3, for one worker. */
export type OpenS3Calls = (spec: TargetSpec & { readonly kind: 's3' }, options: TargetOptions) => ObjectCalls;

export async function openTarget(spec: TargetSpec, options: TargetOptions, openS3: OpenS3Calls): Promise<Target> {
  switch (spec.kind) {
    case 'redis':
    case 'sion':
      return createRedisTarget({ url: spec.url.replace(/^sion(s?):/, 'redis$1:').replace(/\?.*$/, ''), ...options });
    case 'sion-http':
      return createClientTarget({ url: spec.url, way: 'http', ...options });
    case 'sion-client':
      return createClientTarget({ url: spec.url, way: 'by-size', ...options });
    case 's3':
      return createS3Target(openS3(spec, options), spec);
    case 'directory':
      // A directory store has one writer: each worker has a folder of its own, as each has keys of its own.
      return createDirectoryTarget(`${spec.folder}/${options.worker}`);
  }
}
