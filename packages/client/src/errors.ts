/**
 * The one error that the client throws. Its code says what a caller may do about it, the remedy says so in words, and
 * `effect` says whether a change may have happened. The codes are those of the server (`docs/errors.md`) and the few that
 * only a client can know. A miss and a condition that does not hold are values, never errors.
 */
import { errorCodes } from '@sion/wire';

/** What only the client's side can know; everything else is the server's word. */
const clientCodes = ['timeout', 'aborted', 'unauthorized'] as const;

/** A stable code of {@link SionError}. */
export type SionErrorCode =
  | 'invalid'
  | 'unavailable'
  | 'indeterminate'
  | 'capacity'
  | 'corrupt'
  | 'closed'
  | 'internal'
  | 'timeout'
  | 'aborted'
  | 'unauthorized';

/** Every code that an error can have; the compiler holds the server's against the type above. */
export const sionErrorCodes: readonly SionErrorCode[] = [...errorCodes, ...clientCodes];

/** What to do, by code. */
const remedies: Readonly<Record<SionErrorCode, string>> = {
  invalid: 'Mend the call; sending it again as it is will fail again.',
  unavailable: 'Nothing was changed. Try again later.',
  indeterminate: 'The change may or may not have happened. Read before you write again.',
  capacity: 'Nothing was changed. Make it smaller, wait, or raise the limit that the message names.',
  corrupt: 'The stored bytes fail their checksum everywhere. Restore the object from elsewhere.',
  closed: 'Nothing was changed. Try again, or connect to another proxy; a client that was closed is not opened again.',
  internal: 'This is a defect of SION. Report it, with the request id.',
  timeout: 'Nothing was changed. Try again, or allow more time with timeoutMs.',
  aborted: 'The caller gave up. Where effect is unknown, read before you write again.',
  unauthorized: 'Check username, password and the certificates of TLS.',
};

const retryableCodes: ReadonlySet<SionErrorCode> = new Set(['unavailable', 'closed', 'timeout']);

/** What else is known of a failure. */
export interface SionErrorDetails extends ErrorOptions {
  /** `unknown`: a change may have happened. */
  readonly effect?: 'none' | 'unknown';
  /** False where the code alone would say that trying again may help. */
  readonly retryable?: boolean;
  /** The server's own, finer code, for instance `too-large`. */
  readonly serverCode?: string | undefined;
  /** HTTP status, when the answer came over HTTP. */
  readonly status?: number | undefined;
  /** Under this id the proxy's log has the cause. */
  readonly requestId?: string | undefined;
  /** The server's word on when to try again. */
  readonly retryAfterMs?: number | undefined;
  /** What failed, of a call with several keys. */
  readonly failures?: ReadonlyMap<string, SionError>;
}

/** Two builds or two copies of this package may meet in one process; each knows the other's errors by this. */
const brand = Symbol.for('sion.client.error');

/** Every rejection of the client is one of these. */
export class SionError extends Error {
  override readonly name = 'SionError';
  readonly code: SionErrorCode;
  /** The same call may succeed when it is made again, and making it again does no harm. */
  readonly retryable: boolean;
  /** What to do, in words. */
  readonly remedy: string;
  /** `none`: nothing was changed. `unknown`: a change may or may not have happened. */
  readonly effect: 'none' | 'unknown';
  readonly serverCode: string | undefined;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly retryAfterMs: number | undefined;
  /** Of a call with several keys: what failed. The other keys are done. */
  readonly failures: ReadonlyMap<string, SionError> | undefined;

  constructor(code: SionErrorCode, message: string, details: SionErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.effect = details.effect ?? (code === 'indeterminate' ? 'unknown' : 'none');
    this.retryable = (details.retryable ?? retryableCodes.has(code)) && this.effect === 'none';
    this.remedy = remedies[code];
    this.serverCode = details.serverCode;
    this.status = details.status;
    this.requestId = details.requestId;
    this.retryAfterMs = details.retryAfterMs;
    this.failures = details.failures;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** True for an error of the client, also when another copy of this package has made it. */
export function isSionError(thrown: unknown): thrown is SionError {
  return thrown instanceof Error && brand in thrown;
}

/** Gives any thrown value as a {@link SionError}. */
export function asSionError(thrown: unknown): SionError {
  if (isSionError(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new SionError('internal', message, { cause: thrown });
}

/** The reply to what was sent did not come: for a read nothing is lost, of a write nobody knows. */
export function lostReply(writes: boolean, message: string, cause?: unknown): SionError {
  return writes
    ? new SionError('indeterminate', `${message}: whether the write has happened is not known`, { cause })
    : new SionError('unavailable', message, { cause });
}
