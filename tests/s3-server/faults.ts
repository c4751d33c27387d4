/**
 * What can go wrong between SION and S3, put in on purpose:
 *
 *     refuse      an error at once; nothing happens
 *     fail        an error after it has happened
 *     lose        it happens, and the connection breaks before the answer
 *     cut         the connection breaks before anything happens
 *     hold        no answer: `before` nothing happens, `after` it has happened
 *     cut-body    the answer's body breaks off after so many bytes
 *     stall-body  the answer's body stands still after so many bytes
 *     slow-body   the answer's body comes in small pieces
 *     cut-upload  the request breaks off after so many bytes of its body: the server is sent no more, and the client nothing
 *                 (through a fault proxy alone)
 *     late        it happens and is answered when `until` resolves
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { S3Error } from './s3-error.ts';
import type { S3Answer } from './s3-server.ts';

export type S3Fault =
  | {
      readonly kind: 'refuse' | 'fail';
      readonly status: number;
      readonly code: string;
      /** What is told of the bucket's region. */
      readonly region?: string;
    }
  | { readonly kind: 'lose' | 'cut' | 'slow-body' }
  | { readonly kind: 'hold'; readonly when: 'before' | 'after' }
  | { readonly kind: 'cut-body' | 'stall-body' | 'cut-upload'; readonly afterBytes: number }
  | { readonly kind: 'late'; readonly until: Promise<void> };

/** Carries the request out, or not, and answers it, or not. `onStill`: its client waits in vain for an answer. */
export async function withFault(
  fault: S3Fault | undefined,
  request: IncomingMessage,
  response: ServerResponse,
  carryOut: () => Promise<S3Answer>,
  onStill: () => void = () => {},
): Promise<void> {
  if (fault?.kind === 'cut') {
    request.socket.destroy();
    return;
  }
  if (fault?.kind === 'hold' && fault.when === 'before') return onStill();
  if (fault?.kind === 'refuse') {
    request.resume();
    send(response, errorAnswer(fault));
    return;
  }
  if (fault?.kind === 'late') await fault.until;
  const answer = await carryOut();
  if (fault?.kind === 'hold') return onStill();
  if (fault?.kind === 'lose') request.socket.destroy();
  else if (fault?.kind === 'fail') send(response, errorAnswer(fault));
  else if (fault?.kind === 'cut-body' || fault?.kind === 'stall-body') {
    const body = Buffer.from(answer.body ?? '');
    // A body that was whole must not take its connection, and so the next request's, along.
    if (body.length <= fault.afterBytes) return send(response, answer);
    response.writeHead(answer.status, { ...answer.headers, 'content-length': body.length });
    response.write(body.subarray(0, fault.afterBytes), () => {
      if (fault.kind === 'cut-body') request.socket.destroy();
    });
  } else if (fault?.kind === 'slow-body') await sendSlowly(response, answer);
  else send(response, answer);
}

/** Each piece in a turn of its own. */
async function sendSlowly(response: ServerResponse, answer: S3Answer): Promise<void> {
  const body = Buffer.from(answer.body ?? '');
  response.writeHead(answer.status, { 'content-length': body.length, ...answer.headers });
  for (let at = 0; at < body.length; at += 5000) {
    response.write(body.subarray(at, at + 5000));
    await new Promise((resolve) => setImmediate(resolve));
  }
  response.end();
}

function errorAnswer({ status, code, region }: Extract<S3Fault, { readonly status: number }>): S3Answer {
  const headers = region === undefined ? {} : { 'x-amz-bucket-region': region };
  return { status, headers, body: new S3Error(status, code, 'put in by a test').toXml() };
}

function send(response: ServerResponse, { status, headers, body }: S3Answer): void {
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, { ...length, ...headers });
  response.end(body);
}
