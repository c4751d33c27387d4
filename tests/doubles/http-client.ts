/**
 * HTTP from the other side, for tests of the servers: one request over a connection of its own with the target exactly
 * as given, and bare bytes over a socket for requests that no library would send.
 */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpCall {
  readonly method?: string;
  /** Sent as it is, not normalised. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Uint8Array | string;
}

/** Sends one request and reads its answer whole; rejects when the connection breaks before the answer's end. */
export function call(port: number, options: HttpCall): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port,
        method: options.method ?? 'GET',
        path: options.target,
        agent: false,
        headers: {
          ...(options.body === undefined ? {} : { 'content-length': Buffer.byteLength(options.body) }),
          ...options.headers,
        },
      },
      (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) }),
        );
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(options.body);
  });
}

/** Sends bare bytes and gives all that comes back until the server closes; with `end`, sending stops after them. */
export function callRaw(port: number, bytes: string, options: { readonly end?: boolean } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (piece: string) => {
      text += piece;
    });
    socket.on('end', () => {
      socket.end();
      resolve(text);
    });
    // After an answer, a reset only says that the server did not read on.
    socket.on('error', (error) => (text === '' ? reject(error) : resolve(text)));
    if (options.end === true) socket.end(bytes, 'latin1');
    else socket.write(bytes, 'latin1');
  });
}

/** The `error` of a refusal's JSON body. */
export function errorOf(answer: Pick<HttpAnswer, 'body'>): { code: string; message: string; requestId: string } {
  const parsed: { error: { code: string; message: string; requestId: string } } = JSON.parse(answer.body.toString());
  return parsed.error;
}
