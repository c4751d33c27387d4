/** Errors in the shape in which Lambda reports them. */
import type { RuntimeError } from './runtime-client.ts';

/** A fault of the function's set-up, found before its handler runs; `name` is Lambda's error type. */
export class SetupError extends Error {
  override readonly name: string;

  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** What was thrown, as type, message and trace; `errorType` replaces the error's own name. */
export function describeError(thrown: unknown, errorType?: string): RuntimeError {
  if (thrown instanceof Error) {
    return {
      errorType: errorType ?? thrown.name,
      errorMessage: thrown.message,
      trace: (thrown.stack ?? '').split('\n'),
    };
  }
  return { errorType: errorType ?? typeof thrown, errorMessage: String(thrown), trace: [] };
}
