/** Small pieces that all three HTTP faces need: bounded bodies, JSON answers, the check of Host and Origin. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
// oxlint-disable-next-line eslint/no-restricted-imports -- The type of servers, those of relays among them.
import type { Server as SocketServer } from 'node:net';

/** A whole body, or that it is larger than allowed. */
export type Body = { readonly kind: 'whole'; readonly bytes: Buffer } | { readonly kind: 'too-large' };

/** How much of a refused body is read and dropped, so that the sender lives to read the refusal. */
const drainLimitBytes = 64 * 1024 * 1024;

/** Reads a body of at most `limitBytes`; rejects when the peer goes. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Body> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request) {
    if (!Buffer.isBuffer(part)) continue;
    length += part.length;
    if (length <= limitBytes) parts.push(part);
    else parts.length = 0;
    if (length > drainLimitBytes) break;
  }
  if (length > limitBytes) return { kind: 'too-large' };
  return { kind: 'whole', bytes: Buffer.concat(parts, length) };
}

export type Headers = Readonly<Record<string, string>>;

/** Sends bytes with their length. */
export function sendBytes(response: ServerResponse, status: number, bytes: Uint8Array, headers: Headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length, ...headers });
  response.end(bytes);
}

export function sendJson(response: ServerResponse, status: number, value: unknown, headers: Headers = {}): void {
  sendBytes(response, status, Buffer.from(JSON.stringify(value)), headers);
}

const ownNames = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * Says why a request is refused, if it is: a page in a browser may neither reach a loopback service under a name of its
 * own (DNS rebinding shows in Host) nor from another origin (shows in Origin).
 */
export function refusedOrigin(request: IncomingMessage, port: number): string | undefined {
  const { host, origin } = request.headers;
  const hosts = ownNames.map((name) => `${name}:${port}`);
  if (host === undefined || !hosts.includes(host.toLowerCase())) {
    return `Host ${host ?? '(none)'} is not this service; use http://127.0.0.1:${port}`;
  }
  if (origin !== undefined && !hosts.some((own) => origin.toLowerCase() === `http://${own}`)) {
    return `Origin ${origin} may not use this service; only pages of http://127.0.0.1:${port} may`;
  }
  return undefined;
}

/** A part of a path without its escapes; undefined when they are broken. */
export function unescapePath(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** Listens on a loopback port (0 = any free one) and gives the port. */
export function listenOnLoopback(server: SocketServer, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      const address = server.address();
      if (address === null || typeof address === 'string') return reject(new Error('not a TCP address'));
      resolve(address.port);
    });
  });
}

/** Closes the server and every connection, and resolves when it is over. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
