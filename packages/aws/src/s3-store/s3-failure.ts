/**
 * What a failed request to S3 means. Some answers are results that the caller asked for (`missing`, `conflict`,
 * `outside`); everything else becomes a `SionError` whose code says whether the request may have changed something. It
 * must never call a write `unavailable` that may have happened: that code promises that nothing was changed.
 *
 * | what came back                                  | of a read     | of a write       |
 * |-------------------------------------------------|---------------|------------------|
 * | 404 for the object                              | `missing`     | `missing`        |
 * | 412, 409                                        | `conflict`    | `conflict`       |
 * | 416                                             | `outside`     |                  |
 * | not connected, no credentials                   | unavailable   | unavailable      |
 * | 503, 429, 403, other 4xx                        | unavailable   | unavailable      |
 * | quota used up (403 QuotaExceeded, 507)          | unavailable   | capacity         |
 * | 500, 502, 504, an error within a 200            | unavailable   | indeterminate    |
 * | no answer: time-out, connection cut             | unavailable   | indeterminate    |
 */
import { SionError } from '@sion/wire';

/** Whether the request can have changed something. */
export type RequestKind = 'read' | 'write';

/** An answer that is no failure. */
export type ExpectedAnswer = 'missing' | 'conflict' | 'outside';

export interface FailedRequest {
  readonly kind: RequestKind;
  /** For messages, e.g. `write the object a/b`. */
  readonly what: string;
  /** Where, for messages. */
  readonly place: string;
  /** Our own patience ended it. */
  readonly timedOutMs?: number;
}

/** The answer that was to be expected, if it is one. */
export function expectedAnswer(error: unknown): ExpectedAnswer | undefined {
  const status = statusOf(error);
  const code = codeOf(error);
  if (status === 404 && (code === 'NoSuchKey' || code === 'NotFound' || code === '404')) return 'missing';
  if (status === 412 || code === 'PreconditionFailed') return 'conflict';
  if (status === 409 && code !== 'BucketAlreadyExists') return 'conflict';
  if (status === 416) return 'outside';
  return undefined;
}

/** The error for the caller of the store. */
export function failureOf(error: unknown, request: FailedRequest): SionError {
  if (error instanceof SionError) return error;
  const { kind, what, place, timedOutMs } = request;
  const status = statusOf(error);
  const words = describe(error);
  if (timedOutMs !== undefined) return lost(kind, what, `${place} did not answer within ${timedOutMs} ms`, error);
  const before = reasonBeforeSending(error);
  if (before !== undefined) return unavailable(what, `${place}: ${words}`, before, error);
  if (status === undefined) return lost(kind, what, `the connection to ${place} broke off (${words})`, error);
  const remedy = refusalRemedy(status, codeOf(error), error);
  if (remedy === undefined) return lost(kind, what, `${place} failed (${status} ${words})`, error);
  if (kind === 'write' && (status === 507 || codeOf(error) === 'QuotaExceeded')) {
    return new SionError('capacity', `Could not ${what}: ${place} is full (${words}). ${remedy}`, { cause: error });
  }
  return unavailable(what, `${place} refused it (${status} ${words})`, remedy, error);
}

/** False when the request never left this machine. */
export function wasSent(error: unknown): boolean {
  return statusOf(error) !== undefined || reasonBeforeSending(error) === undefined;
}

/** The status of the answer; undefined when there was none. An error inside a 200 counts as a failure of the server. */
function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  const status = metadata.httpStatusCode;
  if (typeof status !== 'number') return undefined;
  if (status >= 300) return status;
  return codeOf(error) === 'SlowDown' ? 503 : 500;
}

/** S3's name of the error, or the system's. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('Code' in error && typeof error.Code === 'string') return error.Code;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.name;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = codeOf(error);
  return ['', code, 'UnknownError'].includes(error.message) ? code : `${code}: ${error.message}`;
}

const unsentSystemCalls = new Set(['connect', 'getaddrinfo']);

/** What to do, when the request never left this machine; undefined when it may have. */
function reasonBeforeSending(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'CredentialsProviderError') {
    return 'Give credentials as the AWS SDK finds them, e.g. AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role.';
  }
  const tries: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  const isUnsent = tries.every((one) => {
    if (!(one instanceof Error)) return false;
    if ('syscall' in one && typeof one.syscall === 'string' && unsentSystemCalls.has(one.syscall)) return true;
    return one.name === 'TimeoutError' && one.message.includes('did not establish a connection');
  });
  if (isUnsent) return 'Check SION_S3_ENDPOINT and the network, and try again.';
  if (/^(CERT_|ERR_TLS_|ERR_SSL_|EPROTO$|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/.test(codeOf(error))) {
    return 'Check SION_S3_ENDPOINT, whether it is http or https, and its certificate.';
  }
  return undefined;
}

/** What to do about errors that have a name of their own. */
const remedies: Readonly<Record<string, string>> = {
  NoSuchBucket: 'Create the bucket, or set SION_S3_BUCKET to one that there is.',
  InvalidBucketName: 'Set SION_S3_BUCKET to the name of the bucket alone.',
  NoSuchUpload: 'Another process has cleared it away; write the object again.',
  InvalidAccessKeyId: 'Check AWS_ACCESS_KEY_ID, and that it belongs to the service that SION_S3_ENDPOINT names.',
  SignatureDoesNotMatch: 'Check AWS_SECRET_ACCESS_KEY, and that nothing between here and S3 rewrites requests.',
  ExpiredToken: 'These credentials have run out. Get new ones and start again.',
  InvalidToken: 'Check AWS_SESSION_TOKEN: it must belong to the access key. Leave it out for keys without an end.',
  RequestTimeTooSkewed: 'Set the clock of this machine (NTP): S3 takes no request that is more than 15 minutes off.',
  AccessDenied:
    'Allow s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload on the bucket’s objects, and ' +
    's3:ListBucket and s3:ListBucketMultipartUploads on the bucket.',
  MethodNotAllowed: 'Set SION_S3_ENDPOINT to an S3 service itself, without a bucket in its name or path.',
};

const wrongRegion = new Set([
  'PermanentRedirect',
  'TemporaryRedirect',
  'Redirect',
  'IllegalLocationConstraintException',
]);

/** What to do about an answer that says that nothing was done; undefined when it does not say so. */
function refusalRemedy(status: number, code: string, error: unknown): string | undefined {
  if (wrongRegion.has(code) || status === 301 || status === 307 || code === 'AuthorizationHeaderMalformed') {
    const region = bucketRegion(error);
    return `Set AWS_REGION to the region of the bucket${region === undefined ? '' : `: ${region}`}.`;
  }
  if (Object.hasOwn(remedies, code)) return remedies[code];
  if (status === 507 || code === 'QuotaExceeded') return 'Make room, or raise the quota, and try again.';
  if (status === 401 || status === 403) {
    return 'Check the credentials, the clock of this machine, and that they may get, put, delete and list in the bucket.';
  }
  if (status === 404) return 'Check that SION_S3_ENDPOINT names an S3 service, and SION_S3_BUCKET a bucket of it.';
  if (status === 501) return 'This server does not offer what SION needs; use another.';
  if (status === 503 || status === 429) return 'Try again, more slowly.';
  return status < 500 ? 'Try again; if it stays, report it.' : undefined;
}

/** Where the bucket is, if the answer tells. */
function bucketRegion(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('Region' in error && typeof error.Region === 'string') return error.Region;
  const response = '$response' in error ? error.$response : undefined;
  if (typeof response !== 'object' || response === null || !('headers' in response)) return undefined;
  const { headers } = response;
  if (typeof headers !== 'object' || headers === null || !('x-amz-bucket-region' in headers)) return undefined;
  return String(headers['x-amz-bucket-region']);
}

function unavailable(what: string, reason: string, remedy: string, cause: unknown): SionError {
  return new SionError('unavailable', `Could not ${what}: ${reason}. ${remedy}`, { cause });
}

/** Nobody knows how far it came. */
function lost(kind: RequestKind, what: string, reason: string, cause: unknown): SionError {
  if (kind === 'read') return unavailable(what, reason, 'Try again.', cause);
  const message = `Whether the store could ${what} is unknown: ${reason}. Read it before writing it again.`;
  return new SionError('indeterminate', message, { cause });
}
