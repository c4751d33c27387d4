/**
 * The node's settings: the strict schema of what a deployment may set, the limits that follow from it and from the
 * function's memory, and the relations between them that are asserted at start.
 */
import { logLevels } from '@sion/components';
import { defaultRecoveryReserve, defaultRuntimeReserveMb, nodeCapacityBytes } from '@sion/core';
import { defaultMaxPayloadBytes, SionError } from '@sion/wire';
import { type Static, Type } from 'typebox';
import type { ChunkLoaderSettings } from './chunk-loader.ts';

const mib = 1024 * 1024;

/** Less room than this for chunks is no memory worth having. */
const leastCapacityBytes = 8 * mib;

/** What the environment of the function may set. */
export const nodeSettingsSchema = Type.Object(
  {
    store: Type.Union([Type.Literal('directory'), Type.Literal('s3')], {
      default: 'directory',
      description: 'Where objects are durable: in a folder, or in a bucket of S3.',
    }),
    s3Bucket: Type.String({ maxLength: 255, default: '', description: 'Bucket of the S3 store.' }),
    s3Endpoint: Type.String({
      maxLength: 1024,
      default: '',
      description: 'URL of the S3 service. Empty = AWS’s own, in the region that AWS_REGION names.',
    }),
    prefix: Type.String({
      maxLength: 120,
      default: '',
      description: 'What the keys of objects in the bucket begin with; a slash follows it. Empty = nothing.',
    }),
    dataDir: Type.String({
      minLength: 1,
      maxLength: 1024,
      default: '.sion',
      description: 'Folder of the directory store; an absolute path, for an instance has a working folder of its own.',
    }),
    nodeRuntimeReserveMb: Type.Integer({
      minimum: 32,
      maximum: 1024,
      default: defaultRuntimeReserveMb,
      description: 'Memory of each function that is left to its runtime, in MiB.',
    }),
    nodeRecoveryReserve: Type.Number({
      minimum: 0,
      maximum: 0.5,
      default: defaultRecoveryReserve,
      description:
        'Share of what remains that is kept free for chunks under way and for recovery; at least 32 MiB are.',
    }),
    nodeDialTimeoutMs: Type.Integer({
      minimum: 10,
      maximum: 60_000,
      default: 1000,
      description: 'How long an instance tries to connect to the proxy, in milliseconds.',
    }),
    nodeLogLevel: Type.Union(
      logLevels.map((level) => Type.Literal(level)),
      { default: 'info', description: 'The least serious log lines that instances write.' },
    ),
  },
  { additionalProperties: false },
);

export type NodeEnvironment = Static<typeof nodeSettingsSchema>;

/** The limits of a node. */
export interface NodeSettings {
  /** Bytes of chunks, their overhead included, that may be held. */
  readonly capacityBytes: number;
  readonly dialTimeoutMs: number;
  /** How long a hello may stay unanswered. */
  readonly helloTimeoutMs: number;
  /** A session returns at least this long before the invocation's deadline. */
  readonly deadlineMarginMs: number;
  /** A link that was idle for longer is not used again: what lies between may have forgotten it without a word. */
  readonly maxLinkIdleMs: number;
  /** The longest chunk taken from a link. */
  readonly maxPayloadBytes: number;
  readonly loads: ChunkLoaderSettings;
}

/** What is no matter of the deployment. NAT gateways and load balancers of AWS forget idle links after 350 s. */
export const nodeDefaults: Omit<NodeSettings, 'capacityBytes'> = {
  dialTimeoutMs: 1000,
  helloTimeoutMs: 1000,
  deadlineMarginMs: 1000,
  maxLinkIdleMs: 300_000,
  maxPayloadBytes: defaultMaxPayloadBytes,
  loads: { maxRunning: 16, maxWaiting: 4096, timeoutMs: 10_000 },
};

/** A node's limits on a function of `memoryMb` MiB; throws `invalid` when the settings leave no room for chunks. */
export function nodeSettings(environment: NodeEnvironment, memoryMb: number): NodeSettings {
  const { nodeRuntimeReserveMb, nodeRecoveryReserve } = environment;
  if (!Number.isInteger(memoryMb) || memoryMb <= 0) {
    throw new SionError('invalid', `AWS_LAMBDA_FUNCTION_MEMORY_SIZE is ${memoryMb}, but must be the memory in MiB.`);
  }
  const capacityBytes = nodeCapacityBytes(memoryMb, nodeRuntimeReserveMb, nodeRecoveryReserve);
  if (capacityBytes < leastCapacityBytes) {
    throw new SionError(
      'invalid',
      `A function of ${memoryMb} MiB has no room for chunks beside the ${nodeRuntimeReserveMb} MiB of its runtime ` +
        '(SION_NODE_RUNTIME_RESERVE_MB). Give it more memory (SION_NODE_MEMORY_MB) or lower the reserve.',
    );
  }
  return { ...nodeDefaults, capacityBytes, dialTimeoutMs: environment.nodeDialTimeoutMs };
}
