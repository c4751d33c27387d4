/** The second argument of a handler, as Lambda's Node runtime gives it. */
import type { NextInvocation } from './runtime-client.ts';

export interface InvocationContext {
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  readonly memoryLimitInMB: string;
  readonly awsRequestId: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly clientContext: unknown;
  readonly identity: undefined;
  /** Milliseconds until the time-out. */
  getRemainingTimeInMillis(): number;
}

/** Builds it from the invocation and the instance's environment. */
export function invocationContext(invocation: NextInvocation, environment: NodeJS.ProcessEnv): InvocationContext {
  return {
    functionName: environment['AWS_LAMBDA_FUNCTION_NAME'] ?? '',
    functionVersion: environment['AWS_LAMBDA_FUNCTION_VERSION'] ?? '',
    invokedFunctionArn: invocation.functionArn,
    memoryLimitInMB: environment['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'] ?? '',
    awsRequestId: invocation.requestId,
    logGroupName: environment['AWS_LAMBDA_LOG_GROUP_NAME'] ?? '',
    logStreamName: environment['AWS_LAMBDA_LOG_STREAM_NAME'] ?? '',
    clientContext: invocation.clientContext === undefined ? undefined : JSON.parse(invocation.clientContext),
    identity: undefined,
    getRemainingTimeInMillis: () => invocation.deadlineMs - Date.now(),
  };
}
