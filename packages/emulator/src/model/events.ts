/**
 * What goes into the model and what comes out of it. Types only.
 *
 * The driver, whatever it drives (processes, or simulated instances under a virtual clock), tells the model what
 * happened and carries out what the model answers, in order. Instances are numbers, drawn by the model and never used
 * again; requests are texts, drawn by the driver.
 */
import type { Report } from './report.ts';

/** A function as the model sees it. Another `revision` replaces its instances; reserved concurrency alone does not. */
export interface FunctionConfig {
  readonly name: string;
  readonly revision: string;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  /** Absent = served from what the account has unreserved. */
  readonly reservedConcurrency?: number;
}

/** Synchronous (RequestResponse) or asynchronous (Event). */
export type InvocationMode = 'sync' | 'event';

/** Which instances to reclaim; `functionName` narrows it to those of one function. */
export type ReclaimSelection =
  | { readonly kind: 'one'; readonly instance: number }
  | { readonly kind: 'count'; readonly count: number; readonly functionName?: string }
  | { readonly kind: 'share'; readonly share: number; readonly functionName?: string }
  | { readonly kind: 'all'; readonly functionName?: string };

/** What a handler gave back: its result, or the error that it threw (as the Runtime API takes it, JSON). */
export type Answer =
  | { readonly kind: 'returned'; readonly body: Uint8Array }
  | { readonly kind: 'error'; readonly errorType: string; readonly body: Uint8Array };

export type ModelEvent =
  | { readonly kind: 'put-function'; readonly config: FunctionConfig }
  | { readonly kind: 'remove-function'; readonly name: string }
  /** Has nobody use the function for as long as makes it Inactive. Nothing happens while it is busy. */
  | { readonly kind: 'deactivate'; readonly name: string }
  | {
      readonly kind: 'invoke';
      readonly requestId: string;
      readonly functionName: string;
      readonly mode: InvocationMode;
    }
  /** The instance's runtime asked for its first invocation. */
  | { readonly kind: 'ready'; readonly instance: number }
  /** The instance's runtime reported that INIT failed. */
  | { readonly kind: 'init-failed'; readonly instance: number; readonly errorType: string; readonly body: Uint8Array }
  /** The handler answered. The invocation ends when the runtime asks for the next one. */
  | { readonly kind: 'answered'; readonly instance: number; readonly requestId: string; readonly answer: Answer }
  /** The runtime asked for the next invocation. */
  | { readonly kind: 'asked'; readonly instance: number }
  /** The instance's process ended by itself; `status` as in `exit status 1` or `signal: killed`. */
  | { readonly kind: 'exited'; readonly instance: number; readonly status: string }
  /** The instance uses so much memory. */
  | { readonly kind: 'memory'; readonly instance: number; readonly usedMb: number }
  /** Reclaims on command, busy instances too unless `idleOnly`. With `seed`, the same state gives the same choice. */
  | {
      readonly kind: 'reclaim';
      readonly selection: ReclaimSelection;
      readonly idleOnly?: boolean;
      readonly seed?: number;
    }
  /** Time has passed. */
  | { readonly kind: 'wake' };

/** Why an instance ended. */
export type KillReason =
  | 'timeout'
  | 'out-of-memory'
  | 'exited'
  | 'init-failed'
  | 'idle'
  | 'life-time'
  | 'command'
  | 'update'
  | 'removed';

/** Lambda's reasons for a throttle, as the SDK knows them. */
export type ThrottleReason =
  | 'CallerRateLimitExceeded'
  | 'ConcurrentInvocationLimitExceeded'
  | 'FunctionInvocationRateLimitExceeded'
  | 'ReservedFunctionConcurrentInvocationLimitExceeded'
  | 'ReservedFunctionInvocationRateLimitExceeded';

/** The one answer to an invocation. */
export type Reply =
  /** Event: taken into the queue. */
  | { readonly kind: 'accepted' }
  | { readonly kind: 'returned'; readonly body: Uint8Array; readonly report: Report }
  | { readonly kind: 'function-error'; readonly errorType: string; readonly body: Uint8Array; readonly report: Report }
  | { readonly kind: 'throttled'; readonly reason: ThrottleReason; readonly retryAfterMs: number }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'not-ready'; readonly state: 'Inactive' | 'Pending' };

export type Effect =
  /** Start the instance's runtime. */
  | { readonly kind: 'spawn'; readonly instance: number; readonly functionName: string; readonly revision: string }
  /** Hand the invocation to the instance, thawed before. `deadlineInMs` from now is its time-out. */
  | { readonly kind: 'deliver'; readonly instance: number; readonly requestId: string; readonly deadlineInMs: number }
  | { readonly kind: 'freeze'; readonly instance: number }
  | { readonly kind: 'thaw'; readonly instance: number }
  /** End the instance at once; it may never have been spawned. Nothing is heard of it any more. */
  | { readonly kind: 'kill'; readonly instance: number; readonly reason: KillReason }
  /** Exactly one for each `invoke`. */
  | { readonly kind: 'respond'; readonly requestId: string; readonly reply: Reply }
  /** One for each attempt that had an instance; the meter has counted it. */
  | { readonly kind: 'report'; readonly report: Report }
  /** An Event invocation is over: its payload is not needed any more. */
  | {
      readonly kind: 'settled';
      readonly requestId: string;
      readonly outcome: 'succeeded' | 'failed' | 'expired' | 'removed';
    }
  /** Send a `wake` at this time; replaces an earlier wish. */
  | { readonly kind: 'wake-at'; readonly atMs: number };
