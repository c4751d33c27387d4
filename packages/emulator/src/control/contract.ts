/**
 * What the control endpoint takes and gives, as schemas: the one description that server and client share. Paths below
 * `/_emulator/v1`:
 *
 * | call                      | takes             | gives            |
 * |---------------------------|-------------------|------------------|
 * | GET /status               |                   | EmulatorStatus   |
 * | PUT /functions/NAME       | FunctionDefinition| FunctionListing  |
 * | DELETE /functions/NAME    |                   | {}               |
 * | GET /functions            |                   | FunctionListing[]|
 * | GET /functions/NAME/log   |                   | text             |
 * | GET /instances            |                   | InstanceListing[]|
 * | POST /reclaim             | ReclaimRequest    | ReclaimResult    |
 * | PUT /network              | NetworkLimit      | {}               |
 * | GET /meter                |                   | Meter            |
 *
 * An error is `{ error, message }` with a status of 4xx; the message says what to do.
 */
import { type Static, Type } from 'typebox';
import type { InstanceState } from '../model/instance.ts';

/** Where the control endpoint begins. */
export const controlPrefix = '/_emulator/v1/';

const strict = { additionalProperties: false };

/** A function to create or to update. Anything but its reserved concurrency replaces its instances when it changes. */
export const functionDefinition = Type.Object(
  {
    /** Absolute path of the folder with the bundle: LAMBDA_TASK_ROOT. */
    bundleFolder: Type.String({ minLength: 1 }),
    /** `module.export`, as in Lambda. */
    handler: Type.String({ minLength: 1, maxLength: 128 }),
    memoryMb: Type.Integer({ minimum: 128, maximum: 10_240 }),
    timeoutMs: Type.Integer({ minimum: 1, maximum: 900_000 }),
    reservedConcurrency: Type.Optional(Type.Integer({ minimum: 0 })),
    environment: Type.Optional(Type.Record(Type.String(), Type.String())),
    /** Another one replaces the instances, as new code does. Default: the bundle's content is taken as it is. */
    codeVersion: Type.Optional(Type.String({ maxLength: 256 })),
    /** Absolute path of a script to run instead of the emulator's bootstrap, e.g. AWS's runtime client. */
    bootstrapScript: Type.Optional(Type.String({ minLength: 1 })),
  },
  strict,
);

export type FunctionDefinition = Static<typeof functionDefinition>;

/** A selection of instances to reclaim: exactly one of `instance`, `count`, `share` and `all`. */
export const reclaimRequest = Type.Object(
  {
    /** The instance's id, as listed. */
    instance: Type.Optional(Type.String()),
    count: Type.Optional(Type.Integer({ minimum: 1 })),
    /** Above 0, at most 1. */
    share: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
    all: Type.Optional(Type.Literal(true)),
    /** Only instances of this function. */
    functionName: Type.Optional(Type.String()),
    /** Spare instances with an invocation. */
    idleOnly: Type.Optional(Type.Boolean()),
    /** The same seed takes the same ones of the same instances. */
    seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffff_ffff })),
  },
  strict,
);

export type ReclaimRequest = Static<typeof reclaimRequest>;

/** A limit for the networks of all instances, present and future, from now on; each begins with its whole burst. */
export const networkLimit = Type.Object(
  {
    bytesPerSecond: Type.Integer({ minimum: 1, maximum: 2 ** 40 }),
    burstBytes: Type.Integer({ minimum: 0, maximum: 2 ** 40 }),
    /** 0 = none. */
    peakBytesPerSecond: Type.Integer({ minimum: 0, maximum: 2 ** 40 }),
  },
  strict,
);

export type NetworkLimit = Static<typeof networkLimit>;

export interface ReclaimResult {
  /** Ids of the instances that were reclaimed. */
  readonly reclaimed: readonly string[];
}

export interface FunctionListing {
  readonly name: string;
  readonly arn: string;
  readonly state: 'Active' | 'Inactive' | 'Pending';
  readonly memoryMb: number;
  readonly timeoutMs: number;
  readonly handler: string;
  readonly bundleFolder: string;
  readonly reservedConcurrency?: number;
  readonly codeVersion?: string;
  readonly instances: number;
}

export interface InstanceListing {
  readonly id: string;
  readonly functionName: string;
  readonly state: Exclude<InstanceState, 'gone'>;
  readonly pid?: number;
  /** The kernel's letter for the process: T is frozen. */
  readonly processState?: string;
  readonly ageMs: number;
  readonly idleMs?: number;
  readonly invocations: number;
  readonly memoryMb: number;
  readonly usedMb: number;
  readonly maxMemoryMb: number;
  /** Bytes since it began: of connections, towards it and away from it, and of files. Only where its network has a limit. */
  readonly carriedBytes?: { readonly in: number; readonly out: number; readonly files: number };
  readonly requestId?: string;
}

export interface EmulatorStatus {
  readonly pid: number;
  readonly guardPid?: number;
  readonly endpoint: string;
  readonly region: string;
  readonly architecture: 'arm64' | 'x86_64';
  readonly functions: number;
  readonly instances: Readonly<Record<Exclude<InstanceState, 'gone'>, number>>;
}
