/**
 * The one error type that crosses part boundaries. A code says what a caller may do about it; the message says what was
 * wrong, with the value and the limit, and what to do. A miss is a value, never an error.
 *
 * | code          | meaning                                                        | a caller may                |
 * |---------------|----------------------------------------------------------------|-----------------------------|
 * | invalid       | the request itself is wrong; nothing was changed               | mend the request            |
 * | unavailable   | a part that is needed does not answer; nothing was changed     | retry later                 |
 * | indeterminate | the result is unknown: the change may or may not have happened | read before writing again   |
 * | capacity      | a stated limit is reached; nothing was changed                 | shrink, wait, raise a limit |
 * | corrupt       | bytes failed their checksum and no other copy was good         | restore the object          |
 * | closed        | this part is stopping or has lost its lease; nothing changed   | connect elsewhere, retry    |
 * | internal      | a defect of SION                                               | report it                   |
 */
export const errorCodes = [
  'invalid',
  'unavailable',
  'indeterminate',
  'capacity',
  'corrupt',
  'closed',
  'internal',
] as const;

/** A stable code of {@link SionError}. */
export type ErrorCode = (typeof errorCodes)[number];

/** An operating error with a stable code and a message for people. */
export class SionError extends Error {
  override readonly name = 'SionError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Gives any thrown value as a {@link SionError}; what is not one already becomes `internal`. */
export function asSionError(thrown: unknown): SionError {
  if (thrown instanceof SionError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new SionError('internal', message, { cause: thrown });
}
