/** Each answer that Lambda may give, from a server of canned ones: what the contract makes of it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Functions } from '@sion/components';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLambdaFunctions, type LambdaFunctionsOptions } from './lambda-functions.ts';

const report =
  'REPORT RequestId: r\tDuration: 1.50 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB\t\n';

let server: Server;
let endpoint: string;
let respond: (request: IncomingMessage, response: ServerResponse) => void;
let requests: IncomingMessage[];
const opened: Functions[] = [];

beforeEach(async () => {
  requests = [];
  server = createServer((request, response) => {
    requests.push(request);
    request.resume();
    request.on('end', () => respond(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  endpoint = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});
afterEach(async () => {
  for (const functions of opened.splice(0)) await functions.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function open(options: Partial<LambdaFunctionsOptions> = {}): Functions {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
  const functions = createLambdaFunctions({
    region: 'us-east-1',
    endpoint,
    credentials,
    maxConcurrent: 4,
    timeoutMs: 60_000,
    ...options,
  });
  opened.push(functions);
  return functions;
}

function answer(status: number, body: string, headers: Record<string, string> = {}): void {
  respond = (_, response) => {
    response.writeHead(status, headers).end(body);
  };
}

function serviceError(status: number, type: string, fields: object = {}, headers: Record<string, string> = {}): void {
  answer(status, JSON.stringify({ message: 'words', ...fields }), { 'x-amzn-ErrorType': type, ...headers });
}

const invoke = (functions = open()) => functions.invoke('f', Buffer.from('{}'));

describe('the function ran', () => {
  test('returned', async () => {
    answer(200, '{"a":1}', { 'X-Amz-Log-Result': Buffer.from(report).toString('base64') });
    expect(await invoke()).toEqual({
      kind: 'returned',
      payload: Uint8Array.from(Buffer.from('{"a":1}')),
      report: { requestId: 'r', durationMs: 1.5, billedMs: 2, memoryMb: 128, maxMemoryMb: 60 },
    });
    expect(requests[0]?.url).toBe('/2015-03-31/functions/f/invocations');
    expect(requests[0]?.headers['x-amz-log-type']).toBe('Tail');
    expect([undefined, 'RequestResponse']).toContain(requests[0]?.headers['x-amz-invocation-type']);
  });

  test('by the version that was named, or the newest', async () => {
    answer(200, '{}');
    await invoke();
    await invoke(open({ qualifier: 'v-1' }));
    expect(requests.map(({ url }) => url)).toEqual([
      '/2015-03-31/functions/f/invocations',
      '/2015-03-31/functions/f/invocations?Qualifier=v-1',
    ]);
  });

  test('failed, in its own words or in others', async () => {
    const failed = { 'X-Amz-Function-Error': 'Unhandled' };
    answer(200, '{"errorType":"TypeError","errorMessage":"no"}', failed);
    expect(await invoke()).toEqual({ kind: 'function-error', errorType: 'TypeError', message: 'no' });
    answer(200, 'not JSON', failed);
    expect(await invoke()).toEqual({ kind: 'function-error', errorType: 'Unhandled', message: 'not JSON' });
  });
});

describe('the service refused', () => {
  test('throttled, with reason and Retry-After, and nothing is repeated', async () => {
    const reason = 'ReservedFunctionConcurrentInvocationLimitExceeded';
    serviceError(429, 'TooManyRequestsException', { Reason: reason }, { 'Retry-After': '2' });
    expect(await invoke()).toEqual({ kind: 'throttled', reason, retryAfterMs: 2000 });
    serviceError(429, 'TooManyRequestsException', { Reason: reason });
    expect(await invoke()).toEqual({ kind: 'throttled', reason });
    expect(requests).toHaveLength(2);
  });

  test.each([
    [404, 'ResourceNotFoundException'],
    [413, 'RequestTooLargeException'],
    [400, 'InvalidRequestContentException'],
    [403, 'AccessDeniedException'],
  ])('%i %s is refused', async (status, errorType) => {
    serviceError(status, errorType);
    expect(await invoke()).toEqual({ kind: 'refused', errorType, message: 'words' });
  });

  test.each([
    [500, 'ServiceException'],
    [502, 'ResourceNotReadyException'],
    [409, 'ResourceConflictException'],
    [502, 'EC2ThrottledException'],
    [503, 'SomethingNew'],
  ])('%i %s is unavailable', async (status, errorType) => {
    serviceError(status, errorType);
    expect(await invoke()).toMatchObject({ kind: 'unavailable', message: expect.stringContaining(errorType) });
    expect(requests).toHaveLength(1);
  });
});

describe('no answer is unavailable', () => {
  test('nobody listens', async () => {
    const functions = open({ endpoint: 'http://127.0.0.1:1' });
    expect(await invoke(functions)).toMatchObject({ kind: 'unavailable' });
  });

  test('the connection breaks', async () => {
    respond = (request) => request.socket.destroy();
    expect(await invoke()).toMatchObject({ kind: 'unavailable' });
    expect(requests).toHaveLength(1);
  });

  test('the time-out passes', async () => {
    respond = () => {};
    expect(await invoke(open({ timeoutMs: 20 }))).toMatchObject({ kind: 'unavailable' });
  });

  test('the caller gives up, or the component is closed', async () => {
    const functions = open();
    const giveUp = new AbortController();
    respond = () => giveUp.abort();
    const options = { signal: giveUp.signal };
    expect(await functions.invoke('f', Buffer.from('{}'), options)).toMatchObject({ kind: 'unavailable' });
    respond = () => void functions.close();
    expect(await invoke(functions)).toMatchObject({ kind: 'unavailable' });
  });
});

test('as many at once as it was made for', async () => {
  const waiting: ServerResponse[] = [];
  respond = (_, response) => {
    waiting.push(response);
    if (waiting.length === 100) for (const each of waiting) each.end('{}');
  };
  const functions = open({ maxConcurrent: 100 });
  const outcomes = await Promise.all(Array.from({ length: 100 }, () => invoke(functions)));
  expect(outcomes.every((outcome) => outcome.kind === 'returned')).toBe(true);
});
