/**
 * HTTP as the commands need it: streamed both ways, with one clear error when nothing listens. It never retries: what
 * may be sent again is decided by those who know what the request means.
 */
import { type Agent, type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { CliError } from '../cli-error.ts';

/** Where a part of SION listens. */
export interface Address {
  /** For people, e.g. `the proxy's HTTP port`. */
  readonly purpose: string;
  readonly host: string;
  readonly port: number;
  /** The setting or option that says so. */
  readonly setting: string;
  /** True = TLS. */
  readonly secure?: boolean;
}

export interface HttpCall {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Readable | string;
  /** The body is sent once the server has asked for it (`Expect: 100-continue`), so that a refusal comes before it. */
  readonly inviteBody?: boolean;
  /** Keeps connections for many small calls; without it each call has its own. */
  readonly agent?: Agent;
  /** Gives up: the call rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The connection could not be made, or broke: there is no answer. */
export class ConnectionFault extends CliError {
  /** `refused`: nobody listens, so nothing was sent. `broken`: what was sent may have arrived. */
  readonly kind: 'refused' | 'broken';

  constructor(kind: 'refused' | 'broken', message: string, options?: ErrorOptions) {
    super(1, message, options);
    this.kind = kind;
  }
}

/** The server has answered, and the answer is no. */
export class RefusedCall extends CliError {
  readonly status: number;
  /** The stable code of docs/errors.md; empty when the answer is not SION's. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(1, message);
    this.status = status;
    this.code = code;
  }
}

/** A server that does not know `Expect` gets the body after this. */
const inviteMs = 1_000;
/** A peer that has vanished without a word is noticed by the system's own probes. */
const keepAliveMs = 30_000;

/** Resolves with the answer's head; its body is still to be read. */
export function callHttp(address: Address, call: HttpCall): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = openRequest(address, call);
    const { body, signal } = call;
    let answered = false;
    outgoing.on('response', (answer) => {
      answered = true;
      resolve(answer);
    });
    outgoing.on('error', (error) => {
      // An answer that came before the body was sent whole closes the connection: the answer counts.
      if (answered) return;
      if (typeof body === 'object') body.destroy();
      reject(signal?.aborted === true ? signal.reason : explainFault(address, error));
    });
    if (body === undefined || typeof body === 'string') {
      outgoing.end(body);
      return;
    }
    body.on('error', (error) => {
      reject(error);
      outgoing.destroy();
    });
    if (call.inviteBody === true) pipeWhenInvited(outgoing, body);
    else body.pipe(outgoing);
  });
}

function openRequest(address: Address, call: HttpCall): ClientRequest {
  const request = address.secure === true ? secureRequest : plainRequest;
  const outgoing = request({
    host: address.host,
    port: address.port,
    method: call.method,
    path: call.path,
    headers: { ...call.headers, ...(call.inviteBody === true ? { expect: '100-continue' } : {}) },
    agent: call.agent ?? false,
    ...(call.signal === undefined ? {} : { signal: call.signal }),
  });
  outgoing.setSocketKeepAlive(true, keepAliveMs);
  return outgoing;
}

function pipeWhenInvited(outgoing: ClientRequest, body: Readable): void {
  let begun = false;
  const begin = () => {
    if (begun || outgoing.destroyed) return;
    begun = true;
    body.pipe(outgoing);
  };
  const timer = setTimeout(begin, inviteMs);
  for (const event of ['continue', 'response', 'close'] as const) outgoing.once(event, () => clearTimeout(timer));
  outgoing.once('continue', begin);
  // A refusal in the place of the invitation: the body is not wanted.
  outgoing.once('response', (answer: IncomingMessage) => {
    if (begun) return;
    begun = true;
    body.destroy();
    answer.once('close', () => outgoing.destroy());
  });
  outgoing.flushHeaders();
}

/** The whole body as text; for answers known to be small. */
export async function readText(answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString('utf8');
}

/** The whole body as JSON; anything but a 2xx becomes an error with the message that came with it. */
export async function readJson(answer: IncomingMessage): Promise<unknown> {
  if (!isSuccess(answer)) return throwRefusal(answer);
  return JSON.parse(await readText(answer));
}

export function isSuccess(answer: IncomingMessage): boolean {
  return answer.statusCode !== undefined && answer.statusCode >= 200 && answer.statusCode < 300;
}

/** Throws what an unsuccessful answer says. */
export async function throwRefusal(answer: IncomingMessage): Promise<never> {
  throw await refusalOf(answer);
}

/** `{"error":{"code":…,"message":…}}` is how the proxy refuses; other texts are given as they are. */
export async function refusalOf(answer: IncomingMessage): Promise<RefusedCall> {
  const text = await readText(answer).catch(() => '');
  const status = answer.statusCode ?? 0;
  try {
    const value: unknown = JSON.parse(text);
    const error = fieldOf(value, 'error');
    const message = fieldOf(error, 'message') ?? fieldOf(value, 'message') ?? fieldOf(value, 'Message');
    const code = fieldOf(error, 'code');
    if (typeof message === 'string') {
      return new RefusedCall(status, typeof code === 'string' ? code : '', `${message} (HTTP ${status})`);
    }
  } catch {
    // Not JSON: shown as it is.
  }
  const shown = text.trim().slice(0, 1_000);
  return new RefusedCall(status, '', shown === '' ? `Refused: HTTP ${status}.` : `${shown} (HTTP ${status})`);
}

/** A field of a JSON value; undefined when it has none of that name. */
export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
}

/** What a failed connection means, for people. */
export function explainFault(address: Address, error: Error): ConnectionFault {
  const { host, port, purpose, setting } = address;
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ECONNREFUSED') {
    return new ConnectionFault(
      'refused',
      `Nothing listens on ${host}:${port} (${purpose}). Start SION with: npm start\n` +
        `If it runs elsewhere, set ${setting} (or SION_CONFIG) as it is set there.`,
      { cause: error },
    );
  }
  const kind = code === 'ENOTFOUND' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH' ? 'refused' : 'broken';
  return new ConnectionFault(kind, `The connection to ${host}:${port} (${purpose}) failed: ${error.message}`, {
    cause: error,
  });
}
