import { GetFunctionCommand, InvokeCommand, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../../tests/doubles/turns.ts';
import { type Bench, openBench, openGate, rejection } from './emulator.test-data.ts';

let bench: Bench;
beforeAll(async () => {
  bench = await openBench({
    emulatorMaxPayloadBytes: 100_000,
    emulatorMaxEventPayloadBytes: 1000,
    emulatorMaxResponseBytes: 100_000,
  });
  await bench.put('f');
});
afterAll(() => bench.close());

describe('RequestResponse', () => {
  test('gives what the handler returned', async () => {
    const answer = await bench.invoke('f', { hello: 'world' });
    expect(answer).toMatchObject({ statusCode: 200, functionError: undefined, version: '$LATEST' });
    expect(answer.payload['event']).toEqual({ hello: 'world' });
  });

  test('no payload is an empty event', async () => {
    const output = await bench.client.send(new InvokeCommand({ FunctionName: 'f' }));
    expect(JSON.parse(Buffer.from(output.Payload ?? []).toString()).event).toEqual({});
    expect(output.LogResult).toBeUndefined();
  });

  test.each([
    'arn:aws:lambda:us-east-1:000000000000:function:f',
    'arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST',
    '000000000000:function:f',
    'f:$LATEST',
  ])('by %s', async (name) => {
    expect((await bench.invoke(name)).statusCode).toBe(200);
  });

  test('with a qualifier', async () => {
    expect((await bench.invoke('f', {}, { Qualifier: '$LATEST' })).statusCode).toBe(200);
    expect(await rejection(bench.invoke('f', {}, { Qualifier: 'live' }))).toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:live',
    });
  });

  test('the client context and the context reach the handler', async () => {
    const ClientContext = Buffer.from(JSON.stringify({ custom: { a: 'ü ж 🔑' } })).toString('base64');
    const { payload } = await bench.invoke('f', { context: true }, { ClientContext });
    expect(payload).toMatchObject({
      functionName: 'f',
      functionVersion: '$LATEST',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:f',
      memoryLimitInMB: '256',
      clientContext: { custom: { a: 'ü ж 🔑' } },
      logGroupName: '/aws/lambda/f',
      cwd: bench.bundleFolder,
    });
    expect(payload['remainingMs']).toBeGreaterThan(0);
    expect(payload['remainingMs']).toBeLessThanOrEqual(60_000);
  });

  test('a handler that throws', async () => {
    const answer = await bench.invoke('f', { fail: 'no' });
    expect(answer).toMatchObject({ statusCode: 200, functionError: 'Unhandled' });
    expect(answer.payload).toMatchObject({ errorType: 'TypeError', errorMessage: 'no' });
    expect(answer.text).toContain('"trace":["TypeError: no"');
  });

  test('a response of exactly the limit, and one byte more', async () => {
    expect((await bench.invoke('f', { answerBytes: 100_000 })).text.length).toBe(100_000);
    const answer = await bench.invoke('f', { answerBytes: 100_001 });
    expect(answer).toMatchObject({ functionError: 'Unhandled' });
    expect(answer.payload['errorType']).toBe('Function.ResponseSizeTooLarge');
    expect((await bench.invoke('f')).functionError).toBeUndefined();
  });
});

describe('the log tail', () => {
  test('START, what the handler wrote, END and REPORT', async () => {
    const { log } = await bench.invoke('f', { say: 'two\nlines' });
    const id = /^START RequestId: (\S+) Version: \$LATEST\n/.exec(log)?.[1] ?? '';
    expect(log).toMatch(
      new RegExp(`\\n\\S+Z\\t${id}\\tINFO\\ttwo\\rlines\\nEND RequestId: ${id}\\nREPORT RequestId: ${id}\\t`),
    );
  });

  test('is the last 4 KB, and always holds the REPORT', async () => {
    const { log } = await bench.invoke('f', { say: 'x'.repeat(20_000) });
    expect(Buffer.byteLength(log)).toBe(4096);
    expect(log).toMatch(/\tMax Memory Used: \d+ MB\t\n$/);
    expect(await bench.control.functionLog('f')).toContain('x'.repeat(20_000));
  });

  test('REPORT equals the meter, INIT billed', async () => {
    await bench.put('metered', { memoryMb: 512 });
    const reports: Record<string, number>[] = [];
    for (const event of [{}, { fail: 'no' }, {}, { exit: 3 }, {}]) {
      const { log } = await bench.invoke('metered', event);
      const field = (name: string) => Number(new RegExp(`\\t${name}: ([0-9.]+) `).exec(log)?.[1] ?? 0);
      reports.push({ duration: field('Duration'), billed: field('Billed Duration'), init: field('Init Duration') });
    }
    for (const { duration = 0, billed, init = 0 } of reports) {
      expect(billed).toBe(Math.max(1, Math.ceil(Math.round((duration + init) * 100) / 100)));
    }
    expect(reports.map(({ init = 0 }) => init > 0)).toEqual([true, false, false, false, true]);
    const reading = (await bench.control.meter()).functions['metered'];
    const billedMs = reports.reduce((sum, { billed = 0 }) => sum + billed, 0);
    expect(reading).toMatchObject({ invocations: 5, coldStarts: 2, functionErrors: 2, billedMs });
    expect(reading?.gbSeconds).toBeCloseTo(billedMs / 1000 / 2, 9);
    expect(reading?.usd).toBeCloseTo((5 * 0.2) / 1e6 + (billedMs / 2000) * 0.0000133334, 15);
  });
});

describe('DryRun and Event', () => {
  test('DryRun runs nothing', async () => {
    const before = (await bench.control.meter()).total.invocations;
    expect(await bench.invoke('f', {}, { InvocationType: 'DryRun' })).toMatchObject({ statusCode: 204 });
    expect((await bench.control.meter()).total.invocations).toBe(before);
    const missing = bench.invoke('none', {}, { InvocationType: 'DryRun' });
    expect(await rejection(missing)).toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('Event is accepted at once and tried twice more', async () => {
    const patient = await openBench({ emulatorEventRetryMs: 1 });
    const gate = await openGate();
    await patient.put('f', { reservedConcurrency: 1 });
    const answer = await patient.invoke('f', { gate: gate.port, fail: 'no' }, { InvocationType: 'Event' });
    expect(answer).toMatchObject({ statusCode: 202, text: '' });
    const ids: string[] = [];
    for (let attempt = 0; attempt < 3; attempt += 1) {
      ids.push(await gate.arrival());
      gate.release();
    }
    expect(new Set(ids).size).toBe(1);
    await until(async () => (await patient.control.meter()).total.functionErrors === 3);
    expect((await patient.invoke('f')).payload['count']).toBe(4);
    await gate.close();
    await patient.close();
  });
});

describe('what is refused', () => {
  test('an unknown function', async () => {
    expect(await rejection(bench.invoke('none'))).toMatchObject({
      name: 'ResourceNotFoundException',
      $metadata: { httpStatusCode: 404 },
      Type: 'User',
      message: 'Function not found: arn:aws:lambda:us-east-1:000000000000:function:none',
    });
  });

  test('a payload that is not JSON', async () => {
    expect(await rejection(bench.invoke('f', {}, { Payload: '{"a":' }))).toMatchObject({
      name: 'InvalidRequestContentException',
      $metadata: { httpStatusCode: 400 },
    });
  });

  test('a payload that is too large, for each kind', async () => {
    const payload = (bytes: number) => ({ Payload: JSON.stringify('x'.repeat(bytes - 2)) });
    expect((await bench.invoke('f', {}, payload(100_000))).statusCode).toBe(200);
    const refusal = { name: 'RequestTooLargeException', $metadata: { httpStatusCode: 413 } };
    expect(await rejection(bench.invoke('f', {}, payload(100_001)))).toMatchObject(refusal);
    expect(await rejection(bench.invoke('f', {}, payload(10_000_000)))).toMatchObject(refusal);
    const event = { InvocationType: 'Event' } as const;
    expect((await bench.invoke('f', {}, { ...payload(1000), ...event })).statusCode).toBe(202);
    expect(await rejection(bench.invoke('f', {}, { ...payload(1001), ...event }))).toMatchObject(refusal);
  });

  test('an invocation type or a name that there is not', async () => {
    const InvocationType = 'Soon' as 'Event';
    const refusal = { name: 'InvalidParameterValueException' };
    expect(await rejection(bench.invoke('f', {}, { InvocationType }))).toMatchObject(refusal);
    expect(await rejection(bench.invoke('not/a/name'))).toMatchObject(refusal);
  });
});

test('the read calls', async () => {
  await bench.put('listed', { reservedConcurrency: 3, environment: { A: '1' } });
  const got = await bench.client.send(new GetFunctionCommand({ FunctionName: 'listed' }));
  expect(got.Concurrency?.ReservedConcurrentExecutions).toBe(3);
  expect(got.Configuration).toMatchObject({
    FunctionName: 'listed',
    State: 'Active',
    MemorySize: 256,
    Timeout: 60,
    Environment: { Variables: { A: '1' } },
  });
  const names = (await bench.client.send(new ListFunctionsCommand({}))).Functions?.map((each) => each.FunctionName);
  expect(names).toContain('listed');
  const missing = bench.client.send(new GetFunctionCommand({ FunctionName: 'none' }));
  expect(await rejection(missing)).toMatchObject({ name: 'ResourceNotFoundException' });
});
