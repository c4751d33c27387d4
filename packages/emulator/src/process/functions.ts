/**
 * The deployed functions as the driver needs them: definition, ARN, the environment of their instances, and the
 * revision by which the model sees that instances must be replaced. It checks what the schema cannot.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { SionError } from '@sion/wire';
import type { FunctionDefinition } from '../control/contract.ts';
import type { FunctionConfig } from '../model/events.ts';

/** A deployed function. */
export interface DeployedFunction {
  readonly name: string;
  readonly arn: string;
  readonly definition: FunctionDefinition;
  readonly config: FunctionConfig;
}

/** Where ARNs point. */
export interface Region {
  readonly region: string;
  readonly accountId: string;
}

export function functionArn(region: Region, name: string): string {
  return `arn:aws:lambda:${region.region}:${region.accountId}:function:${name}`;
}

/** Checks a definition and completes it; throws `invalid` with the remedy. */
export function deployFunction(region: Region, name: string, definition: FunctionDefinition): DeployedFunction {
  if (!/^[a-zA-Z0-9-_]{1,64}$/.test(name)) {
    throw new SionError('invalid', `function name ${name}: use 1 to 64 letters, digits, - and _`);
  }
  assertPath('bundleFolder', definition.bundleFolder, 'folder');
  if (definition.bootstrapScript !== undefined) assertPath('bootstrapScript', definition.bootstrapScript, 'file');
  for (const key of Object.keys(definition.environment ?? {})) {
    if (isReservedVariable(key) || !/^[a-zA-Z][a-zA-Z0-9_]*$/.test(key)) {
      throw new SionError('invalid', `environment: ${key} is Lambda's own or no valid name; choose another`);
    }
  }
  const { memoryMb, timeoutMs, reservedConcurrency } = definition;
  const config: FunctionConfig = {
    name,
    revision: revisionOf(definition),
    memoryMb,
    timeoutMs,
    ...(reservedConcurrency === undefined ? {} : { reservedConcurrency }),
  };
  return { name, arn: functionArn(region, name), definition, config };
}

/** What an instance finds in its environment: what Lambda sets, the function's own, PATH, and nothing else. */
export function instanceEnvironment(
  region: Region,
  deployed: DeployedFunction,
  stream: string,
): Record<string, string> {
  const { name, definition } = deployed;
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    ...definition.environment,
    _HANDLER: definition.handler,
    LAMBDA_TASK_ROOT: definition.bundleFolder,
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    AWS_REGION: region.region,
    AWS_DEFAULT_REGION: region.region,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: stream,
  };
}

/** Everything but the reserved concurrency, as one text. */
function revisionOf(definition: FunctionDefinition): string {
  const { reservedConcurrency: _, environment, ...rest } = definition;
  const ordered = [...Object.entries(rest), ['environment', Object.entries(environment ?? {}).sort(byName)]].sort(
    byName,
  );
  return createHash('sha256').update(JSON.stringify(ordered)).digest('hex');
}

function byName(a: readonly unknown[], b: readonly unknown[]): number {
  const [left, right] = [String(a[0]), String(b[0])];
  return left < right ? -1 : left > right ? 1 : 0;
}

function isReservedVariable(name: string): boolean {
  const reserved = ['_HANDLER', '_X_AMZN_TRACE_ID', 'AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_EXECUTION_ENV'];
  return reserved.includes(name) || name.startsWith('AWS_LAMBDA_') || name.startsWith('LAMBDA_') || name === 'PATH';
}

function assertPath(field: string, path: string, kind: 'folder' | 'file'): void {
  if (!isAbsolute(path)) throw new SionError('invalid', `${field} ${path}: give an absolute path`);
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || (kind === 'folder' ? !found.isDirectory() : !found.isFile())) {
    throw new SionError('invalid', `${field} ${path}: there is no such ${kind}; build it first`);
  }
}
