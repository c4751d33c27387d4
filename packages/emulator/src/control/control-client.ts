/** The control endpoint as a typed client, for the command line and for tests. */
import { request } from 'node:http';
import { SionError } from '@sion/wire';
import type { Meter } from '../model/meter.ts';
import {
  controlPrefix,
  type EmulatorStatus,
  type FunctionDefinition,
  type FunctionListing,
  type InstanceListing,
  type NetworkLimit,
  type ReclaimRequest,
  type ReclaimResult,
} from './contract.ts';

/** Calls reject with `invalid` (the emulator's own words), or with `unavailable` when it does not answer. */
export interface EmulatorControl {
  status(): Promise<EmulatorStatus>;
  /** Creates or updates a function. */
  putFunction(name: string, definition: FunctionDefinition): Promise<FunctionListing>;
  /** Removes it with its instances. */
  removeFunction(name: string): Promise<void>;
  functions(): Promise<readonly FunctionListing[]>;
  /** The last 256 KB that the function's instances wrote. */
  functionLog(name: string): Promise<string>;
  instances(): Promise<readonly InstanceListing[]>;
  /** Resolves when the processes of the instances are gone. */
  reclaim(wish: ReclaimRequest): Promise<ReclaimResult>;
  /** Limits the networks of all instances anew; only where they had a limit from the start. */
  limitNetwork(limit: NetworkLimit): Promise<void>;
  meter(): Promise<Meter>;
}

/** A client for the emulator at `endpoint`, e.g. `http://127.0.0.1:6383`. It holds no connection. */
export function createEmulatorControl(endpoint: string): EmulatorControl {
  const call = (method: string, path: string, body?: unknown) =>
    send(new URL(controlPrefix + path, endpoint), method, body);
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> =>
    JSON.parse(await call(method, path, body));
  const named = (name: string) => `functions/${encodeURIComponent(name)}`;
  return {
    status: () => ask('GET', 'status'),
    putFunction: (name, definition) => ask('PUT', named(name), definition),
    removeFunction: async (name) => {
      await call('DELETE', named(name));
    },
    functions: () => ask('GET', 'functions'),
    functionLog: (name) => call('GET', `${named(name)}/log`),
    instances: () => ask('GET', 'instances'),
    reclaim: (wish) => ask('POST', 'reclaim', wish),
    limitNetwork: async (limit) => {
      await call('PUT', 'network', limit);
    },
    meter: () => ask('GET', 'meter'),
  };
}

function send(url: URL, method: string, body: unknown): Promise<string> {
  return new Promise((resolve, reject) => {
    const unavailable = (error: Error) => {
      const message = `the emulator at ${url.origin} does not answer (${error.message}); is it running?`;
      reject(new SionError('unavailable', message, { cause: error }));
    };
    const call = request(url, { method, agent: false, headers: { 'content-type': 'application/json' } }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', unavailable);
      response.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        if (response.statusCode === 200) resolve(text);
        else reject(refusal(text));
      });
    });
    call.on('error', unavailable);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function refusal(text: string): SionError {
  try {
    const { message }: { message?: unknown } = JSON.parse(text);
    if (typeof message === 'string') return new SionError('invalid', message);
  } catch {
    // Not the emulator's JSON: shown as it is.
  }
  return new SionError('unavailable', `unexpected answer of the emulator: ${text.slice(0, 200)}`);
}
