/**
 * The Runtime API of one instance, on a loopback port of its own, as AWS specifies it (version 2018-06-01):
 *
 * | call                             | answer                                                          |
 * |----------------------------------|-----------------------------------------------------------------|
 * | GET  /runtime/invocation/next    | held open until there is an invocation; then it, with headers   |
 * | POST /runtime/invocation/ID/response | 202; 413 when too large; 400 for another ID                 |
 * | POST /runtime/invocation/ID/error    | 202; 400 for another ID                                     |
 * | POST /runtime/init/error         | 202                                                             |
 *
 * It knows no model and no process: it says what the runtime said.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Answer } from '../model/events.ts';
import { errorBody } from '../model/instance-pool.ts';
import { closeServer, listenOnLoopback, readBody, refusedOrigin, sendBytes, sendJson } from '../server/http.ts';

/** What the runtime said. */
export interface RuntimeListener {
  /** It asked for an invocation; the first time this ends INIT. */
  asked(): void;
  answered(requestId: string, answer: Answer): void;
  initFailed(errorType: string, body: Uint8Array): void;
}

/** An invocation as the runtime gets it. */
export interface RuntimeInvocation {
  readonly requestId: string;
  readonly payload: Uint8Array;
  /** Milliseconds since the Unix epoch. */
  readonly deadlineMs: number;
  readonly functionArn: string;
  readonly traceId: string;
  readonly clientContext?: string;
}

const prefix = '/2018-06-01/runtime/';

export class RuntimeApi {
  readonly #listener: RuntimeListener;
  readonly #maxResponseBytes: number;
  readonly #server: Server;
  #port = 0;
  #waiting: ServerResponse | undefined;
  #current: RuntimeInvocation | undefined;

  constructor(listener: RuntimeListener, maxResponseBytes: number) {
    this.#listener = listener;
    this.#maxResponseBytes = maxResponseBytes;
    this.#server = createServer((request, response) => {
      // A runtime that dies in the middle of a call is noticed by its exit.
      this.#answer(request, response).catch(() => response.destroy());
    });
    this.#server.keepAliveTimeout = 0;
    this.#server.requestTimeout = 0;
  }

  /** Listens; gives `host:port` for AWS_LAMBDA_RUNTIME_API. */
  async listen(): Promise<string> {
    this.#port = await listenOnLoopback(this.#server, 0);
    return `127.0.0.1:${this.#port}`;
  }

  /** Hands the invocation to the runtime that waits for it. */
  deliver(invocation: RuntimeInvocation): void {
    const response = this.#waiting;
    if (response === undefined) throw new Error('the runtime has not asked for an invocation');
    this.#waiting = undefined;
    this.#current = invocation;
    sendBytes(response, 200, invocation.payload, {
      'Lambda-Runtime-Aws-Request-Id': invocation.requestId,
      'Lambda-Runtime-Deadline-Ms': String(Math.round(invocation.deadlineMs)),
      'Lambda-Runtime-Invoked-Function-Arn': invocation.functionArn,
      'Lambda-Runtime-Trace-Id': invocation.traceId,
      ...(invocation.clientContext === undefined ? {} : { 'Lambda-Runtime-Client-Context': invocation.clientContext }),
    });
  }

  close(): Promise<void> {
    return closeServer(this.#server);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refused = refusedOrigin(request, this.#port);
    if (refused !== undefined) return sendJson(response, 403, { errorType: 'Forbidden', errorMessage: refused });
    const url = request.url ?? '';
    const path = url.startsWith(prefix) ? url.slice(prefix.length) : '';
    if (request.method === 'GET' && path === 'invocation/next') return this.#next(response);
    if (request.method === 'POST' && path === 'init/error') return this.#takeInitError(request, response);
    const call = /^invocation\/([^/]+)\/(response|error)$/.exec(path);
    if (request.method === 'POST' && call !== null) {
      return this.#takeAnswer(request, response, call[1] ?? '', call[2] === 'error');
    }
    request.resume();
    sendJson(response, 404, {
      errorType: 'NotFound',
      errorMessage: `${request.method} ${url} is not part of the Runtime API`,
    });
  }

  #next(response: ServerResponse): void {
    this.#waiting = response;
    this.#listener.asked();
  }

  async #takeAnswer(request: IncomingMessage, response: ServerResponse, id: string, isError: boolean): Promise<void> {
    const body = await readBody(request, this.#maxResponseBytes);
    if (this.#current?.requestId !== id) {
      return sendJson(response, 400, { errorType: 'InvalidRequestID', errorMessage: `Invalid request ID ${id}` });
    }
    this.#current = undefined;
    if (body.kind === 'too-large') {
      const errorType = 'Function.ResponseSizeTooLarge';
      const message = `Response payload size exceeded maximum allowed payload size (${this.#maxResponseBytes} bytes).`;
      this.#listener.answered(id, { kind: 'error', errorType, body: errorBody(errorType, message) });
      return sendJson(response, 413, { errorType: 'RequestEntityTooLarge', errorMessage: message });
    }
    const errorType = errorTypeOf(request);
    const failed = isError || request.trailers['lambda-runtime-function-error-type'] !== undefined;
    this.#listener.answered(
      id,
      failed ? { kind: 'error', errorType, body: body.bytes } : { kind: 'returned', body: body.bytes },
    );
    sendJson(response, 202, { status: 'OK' });
  }

  async #takeInitError(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, this.#maxResponseBytes);
    sendJson(response, 202, { status: 'OK' });
    this.#listener.initFailed(errorTypeOf(request), body.kind === 'whole' ? body.bytes : new Uint8Array());
  }
}

function errorTypeOf(request: IncomingMessage): string {
  const header = request.headers['lambda-runtime-function-error-type'];
  return typeof header === 'string' && header !== '' ? header : 'Unhandled';
}
