/**
 * The main file of the function: puts the node's parts together from the environment, once per instance, and exports the
 * handler that Lambda calls. What the instance remembers lives in `node` alone.
 */
import { openLog, openNetwork, readSettings, type Store, systemClock, systemRandom } from '@sion/components';
import type { InvocationResult } from '@sion/wire';
import { createNode } from './node.ts';
import { openSource, type S3Source } from './open-source.ts';
import { nodeSettings, nodeSettingsSchema } from './settings.ts';

/** What the handler uses of Lambda's context object. */
export interface InvocationContext {
  /** Milliseconds until the invocation's time-out. */
  getRemainingTimeInMillis(): number;
}

/** The one place where the function reads its environment. */
const { env } = process;
const environment = readSettings(nodeSettingsSchema, { environment: env });

/** With the first load: the SDK would more than double a cold start. */
async function openS3(source: S3Source): Promise<Store> {
  const { openS3Store } = await import('@sion/aws/s3-store');
  return openS3Store({ ...source, region: env['AWS_REGION'] ?? 'us-east-1', clock: systemClock, random: systemRandom });
}

const node = createNode({
  clock: systemClock,
  random: systemRandom,
  network: openNetwork(),
  log: openLog({ level: environment.nodeLogLevel, service: 'node' }),
  store: openSource(environment, systemRandom, openS3),
  settings: nodeSettings(environment, Number(env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'])),
});

/** One invocation of the function: a session with the proxy that `event` names, or a warm-up. */
export function handler(event: unknown, context: InvocationContext): Promise<InvocationResult> {
  return node.handle(event, context.getRemainingTimeInMillis());
}
