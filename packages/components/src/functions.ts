/**
 * Functions-as-a-service: invoking a deployed function and learning how that went. Implemented over the AWS SDK
 * (`@sion/aws`) against real Lambda or the emulator. It never retries: the fleet owns the retry policy.
 */
export interface Functions {
  /**
   * Invokes `functionName` synchronously (RequestResponse with the log tail) and resolves when the invocation has
   * ended, however it ended; it rejects for programmer errors only.
   */
  invoke(functionName: string, payload: Uint8Array, options?: InvokeOptions): Promise<InvocationOutcome>;
  /** Gives up connections; pending invocations resolve as `unavailable`. */
  close(): Promise<void>;
}

export interface InvokeOptions {
  /** Gives up waiting; the function itself runs on. The outcome is then `unavailable`. */
  readonly signal?: AbortSignal;
}

export type InvocationOutcome =
  /** The handler returned `payload` (JSON text). */
  | { readonly kind: 'returned'; readonly payload: Uint8Array; readonly report?: InvocationReport }
  /** The handler threw, timed out, or its sandbox died. */
  | {
      readonly kind: 'function-error';
      readonly errorType: string;
      readonly message: string;
      readonly report?: InvocationReport;
    }
  /** Refused before it ran; `reason` is Lambda's, e.g. `ReservedFunctionConcurrentInvocationLimitExceeded`. */
  | { readonly kind: 'throttled'; readonly reason: string; readonly retryAfterMs?: number }
  /** The service refused for good, e.g. the function does not exist. */
  | { readonly kind: 'refused'; readonly errorType: string; readonly message: string }
  /** No answer, or a passing fault of the service; whether the handler ran is unknown. */
  | { readonly kind: 'unavailable'; readonly message: string };

/** What Lambda's REPORT line says of an invocation; durations in milliseconds. */
export interface InvocationReport {
  readonly requestId: string;
  readonly durationMs: number;
  readonly billedMs: number;
  readonly initMs?: number;
  readonly memoryMb: number;
  readonly maxMemoryMb: number;
}
