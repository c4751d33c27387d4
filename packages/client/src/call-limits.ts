/**
 * What ends a call before its answer: its time, its caller's signal. One object per call, with one timer, shared by all of
 * its attempts; whoever waits within the call registers what is to be given up.
 */
import { SionError } from './errors.ts';
import type { System, Timer } from './system.ts';

/** Bounds of one call. */
export interface CallBounds {
  /** The whole call, with its retries; 0 = no bound. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Why a call has ended early. */
export interface EarlyEnd {
  readonly kind: 'timeout' | 'aborted';
  readonly message: string;
  readonly cause?: unknown;
}

/** One call's time and signal. To be closed when the call has settled. */
export class CallLimits {
  readonly system: System;
  readonly #bounds: CallBounds;
  readonly #waiting = new Set<(end: EarlyEnd) => void>();
  readonly #onAbort: (() => void) | undefined;
  readonly #timer: Timer | undefined;
  #ended: EarlyEnd | undefined;

  constructor(system: System, bounds: CallBounds) {
    this.system = system;
    this.#bounds = bounds;
    const { signal, timeoutMs } = bounds;
    if (signal?.aborted === true) {
      this.#ended = abortedBy(signal);
      return;
    }
    if (signal !== undefined) {
      this.#onAbort = () => this.#end(abortedBy(signal));
      signal.addEventListener('abort', this.#onAbort, { once: true });
    }
    if (timeoutMs > 0) {
      this.#timer = system.after(timeoutMs, () =>
        this.#end({ kind: 'timeout', message: `No answer within ${timeoutMs} ms` }),
      );
    }
  }

  get ended(): EarlyEnd | undefined {
    return this.#ended;
  }

  /** Calls `stop` when the call ends early; the returned function takes that back. */
  whenEnded(stop: (end: EarlyEnd) => void): () => void {
    if (this.#ended !== undefined) {
      stop(this.#ended);
      return () => {};
    }
    this.#waiting.add(stop);
    return () => this.#waiting.delete(stop);
  }

  /** Throws when the call has ended and nothing of it has been sent. */
  assertOpen(): void {
    if (this.#ended !== undefined) throw unsentError(this.#ended);
  }

  /** Settles as `promise`, or rejects with what `failure` gives as soon as the call ends. */
  race<T>(promise: Promise<T>, failure: (end: EarlyEnd) => SionError): Promise<T> {
    return new Promise((resolve, reject) => {
      const forget = this.whenEnded((end) => reject(failure(end)));
      promise.then(
        (value) => {
          forget();
          resolve(value);
        },
        (error: unknown) => {
          forget();
          reject(error);
        },
      );
    });
  }

  /** Waits; rejects when the call ends meanwhile. */
  delay(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.system.after(ms, () => {
        forget();
        resolve();
      });
      const forget = this.whenEnded((end) => {
        timer.cancel();
        reject(unsentError(end));
      });
    });
  }

  /** From here on only the signal counts: for streams, which may take as long as they make progress. */
  dropTimeout(): void {
    this.#timer?.cancel();
  }

  close(): void {
    this.#timer?.cancel();
    if (this.#onAbort !== undefined) this.#bounds.signal?.removeEventListener('abort', this.#onAbort);
    this.#waiting.clear();
  }

  #end(end: EarlyEnd): void {
    if (this.#ended !== undefined) return;
    this.#ended = end;
    for (const stop of [...this.#waiting]) stop(end);
    this.#waiting.clear();
  }
}

/** The call ended before anything of it was sent, or it only reads. */
export function unsentError({ kind, message, cause }: EarlyEnd): SionError {
  return new SionError(kind, kind === 'timeout' ? `${message}; nothing was changed` : message, { cause });
}

/** The call ended after it was sent. */
export function sentError(end: EarlyEnd, writes: boolean): SionError {
  if (!writes) return unsentError(end);
  const message = `${end.message}: whether the write has happened is not known`;
  if (end.kind === 'timeout') return new SionError('indeterminate', message, { cause: end.cause });
  return new SionError('aborted', message, { cause: end.cause, effect: 'unknown' });
}

function abortedBy(signal: AbortSignal): EarlyEnd {
  return { kind: 'aborted', message: 'The caller aborted the call', cause: signal.reason };
}
