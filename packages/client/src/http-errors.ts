/** Refusals over HTTP as errors of the client: the table of `docs/errors.md`, read from the other side. */
import type { IncomingMessage } from 'node:http';
import { lostReply, SionError, type SionErrorCode } from './errors.ts';

/** The server's finer codes, folded into those that say what to do. */
const codes: Readonly<Record<string, SionErrorCode>> = {
  invalid: 'invalid',
  unavailable: 'unavailable',
  indeterminate: 'indeterminate',
  capacity: 'capacity',
  corrupt: 'corrupt',
  closed: 'closed',
  internal: 'internal',
  forbidden: 'unauthorized',
  unauthorized: 'unauthorized',
  'not-found': 'invalid',
  'method-not-allowed': 'invalid',
  timeout: 'unavailable',
  'precondition-failed': 'invalid',
  'too-large': 'invalid',
  'unsupported-media': 'invalid',
  'range-not-satisfiable': 'invalid',
  unsupported: 'invalid',
};

/** A refusal is short; more of it is not read. */
const maxRefusalBytes = 64 * 1024;

/** Reads the refusal's body and says what it means. Never rejects. */
export async function errorOfAnswer(answer: IncomingMessage, writes: boolean): Promise<SionError> {
  const status = answer.statusCode ?? 0;
  const refusal = readRefusal(await readShortText(answer));
  const code = codes[refusal?.code ?? ''];
  if (refusal === undefined || code === undefined) return foreignError(status, writes);
  const seconds = Number(answer.headers['retry-after'] ?? 0);
  return new SionError(code, refusal.message, {
    ...{ status, serverCode: refusal.code, requestId: refusal.requestId },
    ...(seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}),
  });
}

/** The code that the server gave, whatever it means to the caller: `not-found`, `precondition-failed` … */
export function isRefusedAs(error: unknown, serverCode: string): boolean {
  return error instanceof SionError && error.serverCode === serverCode;
}

/** Not SION's own answer: something between. What it did with a write nobody knows, once it says that it failed. */
function foreignError(status: number, writes: boolean): SionError {
  const message = `Something that is not SION answered with HTTP status ${status}`;
  if (status === 401 || status === 403 || status === 407) return new SionError('unauthorized', message, { status });
  if (status >= 500 || status === 429) return lostReply(writes && status !== 429, message);
  return new SionError('invalid', message, { status });
}

interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly requestId: string | undefined;
}

function readRefusal(text: string): Refusal | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: Partial<Record<string, unknown>> };
    const code = error?.['code'];
    const message = error?.['message'];
    const requestId = error?.['requestId'];
    if (typeof code !== 'string' || typeof message !== 'string') return undefined;
    return { code, message, requestId: typeof requestId === 'string' ? requestId : undefined };
  } catch {
    return undefined;
  }
}

async function readShortText(answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const piece of answer) {
      pieces.push(piece);
      sizeBytes += piece.length;
      if (sizeBytes > maxRefusalBytes) break;
    }
  } catch {
    // What has come is all there is.
  }
  return Buffer.concat(pieces).toString('utf8');
}
