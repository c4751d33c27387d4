/**
 * What runs in an instance: loads the handler, then takes one invocation after the other from the Runtime API, as AWS's
 * own runtime client does. It never outlives the emulator: it holds a pipe to it and goes when that ends.
 */
import { Socket } from 'node:net';
import { patchConsole } from './console-log.ts';
import { invocationContext } from './context.ts';
import { type Handler, loadHandler } from './handler.ts';
import { RuntimeClient } from './runtime-client.ts';
import { describeError } from './runtime-error.ts';

const emulatorPipe = 3;
const client = new RuntimeClient(process.env['AWS_LAMBDA_RUNTIME_API'] ?? '');
let requestId: string | undefined;

/** Reports an error that nobody caught, then ends the process as AWS's runtime client does. */
function dieOf(errorType: string | undefined, exitCode: number): (thrown: unknown) => void {
  return (thrown) => {
    const error = describeError(thrown, errorType);
    console.error(error.errorType, error);
    const told = requestId === undefined ? client.failInit(error) : client.fail(requestId, error);
    told.catch(() => undefined).finally(() => process.exit(exitCode));
  };
}

async function serve(handler: Handler): Promise<never> {
  for (;;) {
    const invocation = await client.next();
    requestId = invocation.requestId;
    if (invocation.traceId !== undefined) process.env['_X_AMZN_TRACE_ID'] = invocation.traceId;
    let json: string;
    try {
      const result = await handler(JSON.parse(invocation.payload), invocationContext(invocation, process.env));
      json = JSON.stringify(result) ?? 'null';
    } catch (thrown) {
      const error = describeError(thrown);
      console.error('Invoke Error', error);
      await client.fail(invocation.requestId, error);
      continue;
    }
    await client.respond(invocation.requestId, json);
  }
}

const pipe = new Socket({ fd: emulatorPipe, readable: true, writable: false });
pipe.on('error', () => process.exit(1));
pipe.on('close', () => process.exit(1));
pipe.resume().unref();

patchConsole(() => requestId);
process.on('uncaughtException', dieOf(undefined, 129));
process.on('unhandledRejection', dieOf('Runtime.UnhandledPromiseRejection', 128));
try {
  await serve(await loadHandler(process.env['LAMBDA_TASK_ROOT'] ?? '', process.env['_HANDLER'] ?? ''));
} catch (thrown) {
  // Before the first invocation this is a failed INIT; afterwards the emulator is gone.
  if (requestId === undefined) dieOf(undefined, 1)(thrown);
  else process.exit(1);
}
