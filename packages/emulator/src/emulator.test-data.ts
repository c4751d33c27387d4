/**
 * What the process-level tests share: an emulator on a free port with generous settings, a function whose handler does
 * as its event says, the unmodified SDK, and a gate that holds handlers until the test lets them go.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvokeCommand, type InvokeCommandInput, LambdaClient } from '@aws-sdk/client-lambda';
import { openLog, readSettings, settingName, systemClock, systemRandom } from '@sion/components';
import type { FunctionDefinition } from './control/contract.ts';
import { createEmulatorControl, type EmulatorControl } from './control/control-client.ts';
import { createEmulator, type Emulator } from './emulator.ts';
import { readProcessState } from './process/memory.ts';
import { type EmulatorSettings, localEmulatorSettings } from './settings.ts';

const handlerSource = `
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
let count = 0;
const kept = [];
async function untilReleased(port, word) {
  await new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(word + '\\n'));
    socket.once('data', () => { socket.destroy(); resolve(); });
    socket.once('error', reject);
  });
}
export const handler = async (event, context) => {
  count += 1;
  if (event.say !== undefined) console.log(event.say);
  const started = event.start === true ? spawn('sleep', ['1000'], { stdio: 'ignore' }).pid : undefined;
  if (event.gate !== undefined) await untilReleased(event.gate, started ?? context.awsRequestId);
  if (event.allocateMb !== undefined) kept.push(Buffer.alloc(event.allocateMb * 1024 * 1024, 1));
  if (event.exit !== undefined) process.exit(event.exit);
  if (event.kill !== undefined) process.kill(process.pid, event.kill);
  if (event.reject !== undefined) Promise.reject(new Error(event.reject));
  if (event.spin === true) for (;;);
  if (event.hang === true) await new Promise(() => setInterval(() => {}, 1000));
  if (event.never === true) await new Promise(() => {});
  if (event.fail !== undefined) throw new TypeError(event.fail);
  if (event.answerBytes !== undefined) return 'x'.repeat(event.answerBytes - 2);
  if (event.environment === true) return process.env;
  if (event.context === true) return { ...context, remainingMs: context.getRemainingTimeInMillis(), cwd: process.cwd() };
  return { count, pid: process.pid, event, started };
};
export const notAsync = (event, context, callback) => callback(null, 1);
export const value = 1;
`;

/** An emulator under test with its clients. */
export interface Bench {
  readonly emulator: Emulator;
  readonly control: EmulatorControl;
  readonly client: LambdaClient;
  /** The folder with the handler of above, `index.handler`. */
  readonly bundleFolder: string;
  readonly folder: string;
  /** Puts a function of 256 MB, 1 minute, unless said otherwise. */
  put(name: string, definition?: Partial<FunctionDefinition>): Promise<void>;
  invoke(name: string, event?: object, input?: Partial<InvokeCommandInput>): Promise<Answer>;
  close(): Promise<void>;
}

/** An answer of Invoke, read. */
export interface Answer {
  readonly statusCode: number | undefined;
  readonly functionError: string | undefined;
  readonly version: string | undefined;
  readonly log: string;
  /** The payload as text, and the object that it is, if it is one. */
  readonly text: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** A folder with the handler; the caller removes it. */
export function writeBundle(): { folder: string; bundleFolder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'sion-emulator-'));
  writeFileSync(join(folder, 'index.mjs'), handlerSource);
  return { folder, bundleFolder: folder };
}

/** Rates that no test reaches by accident, and sandboxes at once; the tests of limits set their own. */
export const generous: Partial<EmulatorSettings> = {
  lambdaPort: 0,
  emulatorInvocationsPerSecond: 10_000,
  emulatorLogLevel: 'silent',
};

/** The settings as environment variables. */
export function environmentOf(settings: Partial<EmulatorSettings>): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [settingName(name), String(value)]));
}

export async function openBench(settings: Partial<EmulatorSettings> = {}): Promise<Bench> {
  const { folder, bundleFolder } = writeBundle();
  const environment = environmentOf({ ...generous, dataDir: join(folder, 'data'), ...settings });
  const emulator = await createEmulator({
    settings: readSettings(localEmulatorSettings, { environment }),
    clock: systemClock,
    random: systemRandom,
    log: openLog({ level: 'silent', service: 'emulator' }),
  });
  const client = openClient(emulator.endpoint);
  const control = createEmulatorControl(emulator.endpoint);
  return {
    emulator,
    control,
    client,
    bundleFolder,
    folder,
    put: async (name, definition = {}) => {
      await control.putFunction(name, { ...plainFunction(bundleFolder), ...definition });
    },
    invoke: (name, event = {}, input = {}) => invokeWith(client, name, event, input),
    close: async () => {
      client.destroy();
      await emulator.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function plainFunction(bundleFolder: string): FunctionDefinition {
  return { bundleFolder, handler: 'index.handler', memoryMb: 256, timeoutMs: 60_000 };
}

/** The SDK as anybody would use it, without retries. */
export function openClient(endpoint: string): LambdaClient {
  const credentials = { accessKeyId: 'any', secretAccessKey: 'any' };
  return new LambdaClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
}

export async function invokeWith(
  client: LambdaClient,
  name: string,
  event: object,
  input: Partial<InvokeCommandInput>,
): Promise<Answer> {
  const Payload = JSON.stringify(event);
  const output = await client.send(new InvokeCommand({ FunctionName: name, Payload, LogType: 'Tail', ...input }));
  const text = Buffer.from(output.Payload ?? []).toString('utf8');
  return {
    statusCode: output.StatusCode,
    functionError: output.FunctionError,
    version: output.ExecutedVersion,
    log: Buffer.from(output.LogResult ?? '', 'base64').toString('utf8'),
    text,
    payload: objectOf(text),
  };
}

function objectOf(text: string): Record<string, unknown> {
  const value: unknown = text === '' ? undefined : JSON.parse(text);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** The error that a call rejects with; throws when it does not. */
export async function rejection(call: Promise<unknown>): Promise<Record<string, unknown>> {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof Error) return fieldsOf(outcome);
  throw new Error('the call was expected to be refused');
}

/** An error's fields, name and message among them, to be matched. */
export function fieldsOf(error: Error): Record<string, unknown> {
  return { ...Object.fromEntries(Object.entries(error)), name: error.name, message: error.message };
}

/** Holds handlers that were given its port as `gate`. */
export interface Gate {
  readonly port: number;
  /** Resolves with the next word that a handler brings, in order. */
  arrival(): Promise<string>;
  /** Lets every handler that waits go on. */
  release(): void;
  close(): Promise<void>;
}

export async function openGate(): Promise<Gate> {
  const waiting = new Set<Socket>();
  const words: string[] = [];
  const listeners: ((word: string) => void)[] = [];
  const server: Server = createServer((socket) => {
    waiting.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => waiting.delete(socket));
    socket.once('data', (bytes) => {
      const word = bytes.toString('utf8').trim();
      const listener = listeners.shift();
      if (listener === undefined) words.push(word);
      else listener(word);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    port,
    arrival: () => {
      const word = words.shift();
      return word === undefined ? new Promise((resolve) => listeners.push(resolve)) : Promise.resolve(word);
    },
    release: () => {
      for (const socket of waiting) socket.write('go\n');
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of waiting) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** The process has ended; one that nobody has reaped yet counts as ended. */
export function isGone(pid: number): boolean {
  const state = readProcessState(pid);
  return state === undefined || state === 'Z' || state === 'X';
}
