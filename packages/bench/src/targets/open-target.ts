/** Targets from where they are said to be. What needs the AWS SDK is brought by who runs the bench. */
import type { Target, TargetSpec } from '../target.ts';
import { createClientTarget } from './client-target.ts';
import { createRedisTarget } from './redis-target.ts';

export interface TargetOptions {
  /** The most that are opened. */
  readonly lanes: number;
  readonly timeoutMs: number;
}

export type OpenS3Target = (spec: TargetSpec & { readonly kind: 's3' }, options: TargetOptions) => Promise<Target>;

export async function openTarget(spec: TargetSpec, options: TargetOptions, openS3: OpenS3Target): Promise<Target> {
  switch (spec.kind) {
    case 'redis':
    case 'sion':
      return createRedisTarget({ url: spec.url.replace(/^sion(s?):/, 'redis$1:').replace(/\?.*$/, ''), ...options });
    case 'sion-http':
      return createClientTarget({ url: spec.url, way: 'http', ...options });
    case 'sion-client':
      return createClientTarget({ url: spec.url, way: 'by-size', ...options });
    case 's3':
      return openS3(spec, options);
    case 'directory':
      throw new Error('not here');
  }
}
