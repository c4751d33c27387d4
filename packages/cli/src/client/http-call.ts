/**
 * HTTP as the commands need it: streamed both ways, with one clear error when nothing listens. It never retries: a
 * command does what it was asked for once.
 */
import { type IncomingMessage, request } from 'node:http';
import type { Readable } from 'node:stream';
import { CliError } from '../cli-error.ts';

/** Where a part of SION listens. */
export interface Address {
  /** For people, e.g. `the proxy's HTTP port`. */
  readonly purpose: string;
  readonly host: string;
  readonly port: number;
  /** The setting that says so. */
  readonly setting: string;
}

export interface HttpCall {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Readable | string;
  /** Gives up. */
  readonly signal?: AbortSignal;
}

/** Resolves with the answer's head; its body is still to be read. */
export function callHttp(address: Address, call: HttpCall): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: address.host,
      port: address.port,
      method: call.method,
      path: call.path,
      headers: call.headers,
      agent: false,
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
    const { body } = call;
    let answered = false;
    outgoing.on('response', (answer) => {
      answered = true;
      resolve(answer);
    });
    outgoing.on('error', (error) => {
      // An answer that came before the body was sent whole closes the connection: the answer counts.
      if (answered) return;
      if (typeof body === 'object') body.destroy();
      reject(explainFault(address, error));
    });
    if (body === undefined || typeof body === 'string') {
      outgoing.end(body);
      return;
    }
    body.on('error', (error) => {
      outgoing.destroy();
      reject(error);
    });
    body.pipe(outgoing);
  });
}

/** The whole body as text; for answers known to be small. */
export async function readText(answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString('utf8');
}

/** The whole body as JSON; anything but a 2xx becomes an error with the message that came with it. */
export async function readJson(answer: IncomingMessage): Promise<unknown> {
  const text = await readText(answer);
  if (!isSuccess(answer)) throw new CliError(1, refusalText(answer, text));
  return JSON.parse(text);
}

export function isSuccess(answer: IncomingMessage): boolean {
  return answer.statusCode !== undefined && answer.statusCode >= 200 && answer.statusCode < 300;
}

/** Throws what an unsuccessful answer says. */
export async function throwRefusal(answer: IncomingMessage): Promise<never> {
  throw new CliError(1, refusalText(answer, await readText(answer)));
}

/** `{"error":{"message":…}}` is how the proxy refuses; other texts are given as they are. */
function refusalText(answer: IncomingMessage, text: string): string {
  const status = `HTTP ${String(answer.statusCode)}`;
  try {
    const value: unknown = JSON.parse(text);
    const message =
      fieldOf(fieldOf(value, 'error'), 'message') ?? fieldOf(value, 'message') ?? fieldOf(value, 'Message');
    if (typeof message === 'string') return `${message} (${status})`;
  } catch {
    // Not JSON: shown as it is.
  }
  return text.trim() === '' ? `Refused: ${status}.` : `${text.trim()} (${status})`;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
}

/** What a failed connection means, for people. */
export function explainFault(address: Address, error: Error): CliError {
  const { host, port, purpose, setting } = address;
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ECONNREFUSED') {
    return new CliError(
      1,
      `Nothing listens on ${host}:${port} (${purpose}). Start SION with: npm start\n` +
        `If it runs elsewhere, set ${setting} (or SION_CONFIG) as it is set there.`,
      { cause: error },
    );
  }
  return new CliError(1, `The connection to ${host}:${port} (${purpose}) failed: ${error.message}`, { cause: error });
}
