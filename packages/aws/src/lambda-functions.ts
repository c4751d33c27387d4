/**
 * `Functions` over AWS Lambda, or whatever speaks its Invoke API at `endpoint`. One call is one HTTP request, never
 * repeated here; each outcome of the service becomes one of the contract's kinds, so that nobody else needs the SDK's
 * errors. It holds one socket per invocation under way, since a synchronous Invoke keeps its own until it ends.
 */
import {
  InvokeCommand,
  type InvokeCommandOutput,
  LambdaClient,
  LambdaServiceException,
  TooManyRequestsException,
} from '@aws-sdk/client-lambda';
import type { Functions, InvocationOutcome, InvokeOptions } from '@sion/components';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { parseReport } from './report-line.ts';

/** Static credentials. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface LambdaFunctionsOptions {
  readonly region: string;
  /** The emulator's, e.g. `http://127.0.0.1:6383`; AWS's own when absent. */
  readonly endpoint?: string;
  /** The alias or published version to invoke; the newest code when absent. */
  readonly qualifier?: string;
  /** The SDK's usual chain when absent; the emulator takes any. */
  readonly credentials?: AwsCredentials;
  /** Invocations under way at once, each with a socket: the fleet's size and some slack. */
  readonly maxConcurrent: number;
  /** Gives up on an answer; must be above the functions' own time-out. */
  readonly timeoutMs: number;
}

/** How long a connection may take. */
const connectionTimeoutMs = 2000;

/** Creates the component; it connects when first used. */
export function createLambdaFunctions(options: LambdaFunctionsOptions): Functions {
  const agent = { keepAlive: true, maxSockets: options.maxConcurrent };
  const client = new LambdaClient({
    region: options.region,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({
      httpAgent: agent,
      httpsAgent: agent,
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: options.timeoutMs,
      throwOnRequestTimeout: true,
      // Waiting for a socket would look like a slow function: the limit is there to never be reached.
      socketAcquisitionWarningTimeout: options.timeoutMs,
    }),
  });
  const closing = new AbortController();
  return {
    invoke: (functionName, payload, invokeOptions) =>
      invoke({ client, closing: closing.signal, qualifier: options.qualifier }, functionName, payload, invokeOptions),
    close: () => {
      closing.abort();
      client.destroy();
      return Promise.resolve();
    },
  };
}

/** What every call needs. */
interface Invoking {
  readonly client: LambdaClient;
  readonly closing: AbortSignal;
  readonly qualifier: string | undefined;
}

async function invoke(
  { client, closing, qualifier }: Invoking,
  functionName: string,
  payload: Uint8Array,
  options: InvokeOptions = {},
): Promise<InvocationOutcome> {
  const abortSignal = options.signal === undefined ? closing : AbortSignal.any([closing, options.signal]);
  const command = new InvokeCommand({
    FunctionName: functionName,
    Payload: payload,
    LogType: 'Tail',
    ...(qualifier === undefined ? {} : { Qualifier: qualifier }),
  });
  try {
    return readAnswer(await client.send(command, { abortSignal }));
  } catch (error) {
    return readFailure(error);
  }
}

function readAnswer(output: InvokeCommandOutput): InvocationOutcome {
  const tail = output.LogResult === undefined ? '' : Buffer.from(output.LogResult, 'base64').toString('utf8');
  const report = parseReport(tail);
  const reported = report === undefined ? {} : { report };
  const payload = output.Payload === undefined ? new Uint8Array() : Uint8Array.from(output.Payload);
  if (output.FunctionError === undefined) return { kind: 'returned', payload, ...reported };
  return { kind: 'function-error', ...readFunctionError(payload, output.FunctionError), ...reported };
}

/** What the function, or Lambda on its behalf, says went wrong: JSON with errorType and errorMessage. */
function readFunctionError(payload: Uint8Array, fallback: string): { errorType: string; message: string } {
  const text = Buffer.from(payload).toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) {
      const { errorType, errorMessage }: { errorType?: unknown; errorMessage?: unknown } = value;
      return {
        errorType: typeof errorType === 'string' ? errorType : fallback,
        message: typeof errorMessage === 'string' ? errorMessage : text,
      };
    }
  } catch {
    // Not JSON: shown as it is.
  }
  return { errorType: fallback, message: text };
}

/**
 * | what the SDK throws                                 | kind        |
 * |-----------------------------------------------------|-------------|
 * | TooManyRequestsException                            | throttled   |
 * | any fault of the service (5xx), and ResourceConflict | unavailable |
 * | any other error of the service (4xx)                | refused     |
 * | no answer: connection, time-out, abort              | unavailable |
 */
function readFailure(error: unknown): InvocationOutcome {
  if (error instanceof TooManyRequestsException) {
    const seconds = Number(error.retryAfterSeconds);
    const retryAfter = Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: seconds * 1000 } : {};
    return { kind: 'throttled', reason: error.Reason ?? 'unknown', ...retryAfter };
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  if (error instanceof LambdaServiceException) {
    const passing = error.$fault === 'server' || error.name === 'ResourceConflictException';
    if (!passing) return { kind: 'refused', errorType: error.name, message: error.message };
  }
  return { kind: 'unavailable', message };
}
