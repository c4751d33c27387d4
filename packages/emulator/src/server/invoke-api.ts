/**
 * Lambda's REST API as far as callers of functions need it: Invoke, and the read calls GetFunction,
 * GetFunctionConfiguration and ListFunctions. It translates between HTTP and the driver and decides nothing that the
 * model decides.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Random, randomHex } from '@sion/components';
import { functionArn } from '../process/functions.ts';
import type { InvokeRequest, InvokeResult, ProcessDriver } from '../process/process-driver.ts';
import { readClientContext } from './client-context.ts';
import { parseFunctionReference } from './function-reference.ts';
import { type Headers, readBody, sendBytes, sendJson, unescapePath } from './http.ts';
import {
  functionNotFound,
  notReady,
  requestTooLarge,
  type ServiceError,
  sendServiceError,
  tooManyRequests,
} from './service-error.ts';

const functionsPath = '/2015-03-31/functions';
const version = '$LATEST';

export class InvokeApi {
  readonly #driver: ProcessDriver;
  readonly #random: Random;

  constructor(driver: ProcessDriver, random: Random) {
    this.#driver = driver;
    this.#random = random;
  }

  /** Whether the path is this API's. */
  owns(path: string): boolean {
    return path.startsWith(functionsPath);
  }

  /** Answers a request whose path it owns. */
  async answer(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const requestId = newRequestId(this.#random);
    const error = await this.#route(request, response, url, requestId);
    if (error === undefined) return;
    request.resume();
    sendServiceError(response, requestId, error);
  }

  async #route(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    requestId: string,
  ): Promise<ServiceError | undefined> {
    const [reference, call, ...more] = url.pathname.slice(functionsPath.length + 1).split('/');
    const { method } = request;
    if (reference === undefined || reference === '') {
      if (method === 'GET') return this.#list(response);
    } else if (method === 'POST' && call === 'invocations' && more.length === 0) {
      return this.#invoke(request, response, url, requestId, reference);
    } else if (method === 'GET' && (call === undefined || call === 'configuration')) {
      return this.#get(response, url, reference, call === 'configuration');
    }
    const message = `${method} ${url.pathname} is not emulated; functions are put over the control endpoint`;
    return { status: 404, type: 'UnknownOperationException', message };
  }

  async #invoke(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    requestId: string,
    reference: string,
  ): Promise<ServiceError | undefined> {
    const target = this.#resolve(reference, url);
    if (typeof target !== 'string') return target;
    const type = header(request, 'x-amz-invocation-type') ?? 'RequestResponse';
    if (type !== 'RequestResponse' && type !== 'Event' && type !== 'DryRun') {
      return invalidParameter(`invocation type ${type}: use RequestResponse, Event or DryRun`);
    }
    const { maxPayloadBytes, maxEventPayloadBytes } = this.#driver.figures;
    const limitBytes = type === 'Event' ? maxEventPayloadBytes : maxPayloadBytes;
    const body = await readBody(request, limitBytes);
    if (body.kind === 'too-large') return requestTooLarge(limitBytes);
    const payload = body.bytes.length === 0 ? Buffer.from('{}') : body.bytes;
    const unreadable = jsonProblem(payload);
    if (unreadable !== undefined) {
      const message = `Could not parse request body into json: ${unreadable}`;
      return { status: 400, type: 'InvalidRequestContentException', message };
    }
    const encoded = header(request, 'x-amz-client-context');
    const context = encoded === undefined ? undefined : readClientContext(encoded);
    if (context?.kind === 'wrong') {
      return { status: 400, type: 'InvalidRequestContentException', message: context.message };
    }
    if (type === 'DryRun') {
      response.writeHead(204, { 'x-amzn-RequestId': requestId, 'X-Amz-Executed-Version': version }).end();
      return undefined;
    }
    const clientContext = context === undefined ? {} : { clientContext: context.json };
    const mode = type === 'Event' ? 'event' : 'sync';
    const invocation: InvokeRequest = { requestId, functionName: target, mode, payload, ...clientContext };
    const result = await this.#driver.invoke(invocation);
    return this.#reply(response, invocation, result, header(request, 'x-amz-log-type') === 'Tail');
  }

  #reply(
    response: ServerResponse,
    invocation: InvokeRequest,
    result: InvokeResult,
    wantsTail: boolean,
  ): ServiceError | undefined {
    const { reply, logTail } = result;
    if (reply.kind === 'throttled') return tooManyRequests(reply.reason, reply.retryAfterMs);
    if (reply.kind === 'not-found') return functionNotFound(functionArn(this.#driver.region, invocation.functionName));
    if (reply.kind === 'not-ready') return notReady(reply.state);
    const headers: Record<string, string> = {
      'x-amzn-RequestId': invocation.requestId,
      'X-Amz-Executed-Version': version,
    };
    if (reply.kind === 'accepted') {
      sendBytes(response, 202, new Uint8Array(), headers);
      return undefined;
    }
    if (wantsTail) headers['X-Amz-Log-Result'] = logTail.toString('base64');
    if (reply.kind === 'function-error') headers['X-Amz-Function-Error'] = 'Unhandled';
    sendBytes(response, 200, reply.body, headers);
    return undefined;
  }

  #get(response: ServerResponse, url: URL, reference: string, configurationOnly: boolean): ServiceError | undefined {
    const target = this.#resolve(reference, url);
    if (typeof target !== 'string') return target;
    const found = this.#driver.functions().find((view) => view.config.name === target);
    if (found === undefined) return functionNotFound(functionArn(this.#driver.region, target));
    const configuration = describe(found);
    if (configurationOnly) sendJson(response, 200, configuration);
    else {
      const reserved = found.config.reservedConcurrency;
      const concurrency = reserved === undefined ? {} : { Concurrency: { ReservedConcurrentExecutions: reserved } };
      const location = `file://${found.deployed.definition.bundleFolder}`;
      sendJson(response, 200, { Configuration: configuration, Code: { Location: location }, ...concurrency });
    }
    return undefined;
  }

  #list(response: ServerResponse): undefined {
    sendJson(response, 200, { Functions: this.#driver.functions().map(describe) });
  }

  /** The function's name, if it is there in the version wished for. */
  #resolve(reference: string, url: URL): string | ServiceError {
    const parsed = parseFunctionReference(unescapePath(reference) ?? '');
    if (parsed === undefined)
      return invalidParameter(`function name ${reference}: use a name, a partial or a full ARN`);
    const qualifier = url.searchParams.get('Qualifier') ?? parsed.qualifier;
    const arn = functionArn(this.#driver.region, parsed.name);
    if (qualifier !== undefined && qualifier !== version) return functionNotFound(`${arn}:${qualifier}`);
    return this.#driver.function(parsed.name) === undefined ? functionNotFound(arn) : parsed.name;
  }
}

function describe(view: ReturnType<ProcessDriver['functions']>[number]): Headers | Record<string, unknown> {
  const { deployed, config, state } = view;
  return {
    FunctionName: config.name,
    FunctionArn: deployed.arn,
    Runtime: 'nodejs24.x',
    Handler: deployed.definition.handler,
    MemorySize: config.memoryMb,
    Timeout: Math.max(1, Math.ceil(config.timeoutMs / 1000)),
    Version: version,
    State: state,
    LastUpdateStatus: 'Successful',
    CodeSha256: config.revision,
    PackageType: 'Zip',
    Environment: { Variables: deployed.definition.environment ?? {} },
  };
}

function invalidParameter(message: string): ServiceError {
  return { status: 400, type: 'InvalidParameterValueException', message };
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

function jsonProblem(bytes: Buffer): string | undefined {
  try {
    JSON.parse(bytes.toString('utf8'));
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** A random UUID, version 4. */
function newRequestId(random: Random): string {
  const hex = randomHex(random, 16);
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
