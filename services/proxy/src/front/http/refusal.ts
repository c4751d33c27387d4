/**
 * What a request gets instead of what it asked for: a status, a stable code and a message. This file is the table of
 * `docs/errors.md`: one status per code. `indeterminate` alone has 504, so that the status by itself says that the
 * result is unknown; nothing else of SION ever answers with it.
 */
import { asSionError, type ErrorCode, SionError } from '@sion/wire';

/** Codes of the HTTP front beside those of {@link SionError}; each is a row of `docs/errors.md`. */
export const frontCodes = [
  'not-found',
  'method-not-allowed',
  'precondition-failed',
  'range-not-satisfiable',
  'too-large',
  'timeout',
  'unsupported',
  'unsupported-media',
  'forbidden',
] as const;

/** A stable code of a refusal. */
type RefusalCode = ErrorCode | (typeof frontCodes)[number];

/** What is answered instead of what was asked for. */
export interface Refusal {
  readonly status: number;
  readonly code: RefusalCode;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal on its way from a reader of headers or bodies to the one who answers. */
export class RefusedRequest extends Error {
  override readonly name = 'RefusedRequest';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

const statusOf: Readonly<Record<ErrorCode, number>> = {
  invalid: 400,
  unavailable: 503,
  indeterminate: 504,
  capacity: 507,
  corrupt: 500,
  closed: 503,
  internal: 500,
};

/** Gives the refusal for anything thrown. Texts of defects stay in the log: they may hold what is not the client's. */
export function refusalOf(thrown: unknown): Refusal {
  if (thrown instanceof RefusedRequest) return thrown.refusal;
  const clientFault = clientFaultOf(thrown);
  if (clientFault !== undefined) return clientFault;
  const { code, message } = asSionError(thrown);
  return {
    status: statusOf[code],
    code,
    message: code === 'internal' ? 'A defect of SION; the log has it under the request id. Please report it.' : message,
    ...(code === 'unavailable' || code === 'closed' ? { headers: { 'retry-after': '1' } } : {}),
  };
}

/** What the HTTP library itself refuses with a status of 4xx, for instance a malformed `Content-Type`. */
function clientFaultOf(thrown: unknown): Refusal | undefined {
  if (!(thrown instanceof Error) || thrown instanceof SionError || !('statusCode' in thrown)) return undefined;
  const status = thrown.statusCode;
  if (typeof status !== 'number' || status < 400 || status > 499) return undefined;
  if (status === 415) {
    const message = 'The Content-Type is malformed. Write type/subtype, for instance text/plain, or leave it out.';
    return { status, code: 'unsupported-media', message };
  }
  return { status, code: 'invalid', message: `${thrown.message}. Mend the request.` };
}

/** The JSON body of a refusal: `{ "error": { "code", "message", "requestId" } }`. */
export function writeRefusal(refusal: Refusal, requestId: string): string {
  return `${JSON.stringify({ error: { code: refusal.code, message: refusal.message, requestId } })}\n`;
}

export function notFound(what: string): Refusal {
  return { status: 404, code: 'not-found', message: `${what} does not exist.` };
}
