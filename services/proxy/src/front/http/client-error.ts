/**
 * What the HTTP parser could not read as a request: broken framing, oversized headers, headers that never end, a body
 * shorter than its `Content-Length` from a client that has stopped sending. One answer is written where that is still
 * possible; the connection closes in every case, since nobody knows where the next request would begin.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Refusal, writeRefusal } from './refusal.ts';

/** A connection of a client. */
type Socket = IncomingMessage['socket'];

/** Answers on the bare socket. An answer that is under way is cut: bytes after it would be taken for its body. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket, requestId: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable || answerUnderWay(socket)) {
    socket.destroy();
    return;
  }
  endWithRefusal(socket, describe(error), requestId);
}

/** CONNECT asks for a tunnel; Node hands over the bare socket and would hang up without a word. */
export function answerConnect(socket: Duplex, requestId: string): void {
  const message =
    'CONNECT is not a method here: SION is no proxy for other servers. Use GET, HEAD, PUT, PATCH or DELETE.';
  const allow = 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS';
  endWithRefusal(socket, { status: 405, code: 'method-not-allowed', message, headers: { allow } }, requestId);
}

/** Tells a client whose connection is one too many, before it has asked for anything. */
export function refuseConnection(socket: Duplex, limit: number, requestId: string): void {
  const message = `There are ${limit} connections already, the limit of SION_MAX_HTTP_CONNECTIONS. Use fewer, retry later, or raise the limit.`;
  const refusal: Refusal = { status: 503, code: 'unavailable', message, headers: { 'retry-after': '1' } };
  endWithRefusal(socket, refusal, requestId);
}

function endWithRefusal(socket: Duplex, refusal: Refusal, requestId: string): void {
  const body = writeRefusal(refusal, requestId);
  const head = [
    `HTTP/1.1 ${refusal.status} ${reasons[refusal.status] ?? 'Bad Request'}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Sion-Request-Id: ${requestId}`,
    ...Object.entries(refusal.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    'Connection: close',
  ];
  socket.on('error', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  503: 'Service Unavailable',
  431: 'Request Header Fields Too Large',
};

/** Node keeps the response that a socket is sending here; undocumented, and its own default handler does the same. */
function answerUnderWay(socket: Socket & { _httpMessage?: { headersSent?: boolean } | null }): boolean {
  return socket._httpMessage?.headersSent === true;
}

function describe(error: NodeJS.ErrnoException): Refusal {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return {
        status: 431,
        code: 'invalid',
        message: 'The headers are longer than 16384 bytes. Send fewer or shorter ones.',
      };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, code: 'timeout', message: 'The headers did not come in time. Send them at once.' };
    case 'HPE_INVALID_EOF_STATE':
      return {
        status: 400,
        code: 'invalid',
        message: 'The request ended before its announced length. Nothing was stored; send Content-Length as it is.',
      };
    default:
      return {
        status: 400,
        code: 'invalid',
        message: `This is not a valid HTTP/1.1 request (${error.code ?? 'unreadable'}).`,
      };
  }
}
